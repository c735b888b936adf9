// y[r, i] = exp(x[r, i] - m) / s, or with the flag LOG: x[r, i] - m - log(s), where m is the largest
// value of row r and s the sum of exp(x[r, k] - m) over the row.
// x, y: [rows, c] of T; T is f32, or vec4f (flag VEC; c then counts vec4s). Grid: of lib/rows.
#include lib/grid
#include lib/rows
struct Params { rows: u32, c: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = row_of(wid, nwg, lid);
  if (row >= p.rows) { return; }
  let first = row * p.c;
  let last = first + p.c;
  var best = x[first];
  for (var i = first + lane; i < last; i += LANES) { best = max(best, x[i]); }
  let m = across_max(best);
  var sums = T(0);
  for (var i = first + lane; i < last; i += LANES) { sums += exp(x[i] - m); }
  let total = across_sum(sums);
#if LOG
  let log_total = log(total);
  for (var i = first + lane; i < last; i += LANES) { y[i] = (x[i] - m) - log_total; }
#else
  for (var i = first + lane; i < last; i += LANES) { y[i] = exp(x[i] - m) / total; }
#endif
}
