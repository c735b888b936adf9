// dx[r, i] = y[r, i] * (dy[r, i] - sum over k of y[r, k] * dy[r, k]), y being the softmax; or with
// the flag LOG, y being its logarithm: dx[r, i] = dy[r, i] - exp(y[r, i]) * sum over k of dy[r, k].
// y, dy, dx: [rows, c] of T; T is f32, or vec4f (flag VEC; c then counts vec4s). Grid: of lib/rows.
#include lib/grid
#include lib/rows
struct Params { rows: u32, c: u32 }
@group(0) @binding(0) var<storage, read> y: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read_write> dx: array<T>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = row_of(wid, nwg, lid);
  if (row >= p.rows) { return; }
  let first = row * p.c;
  let last = first + p.c;
  var sums = T(0);
#if LOG
  for (var i = first + lane; i < last; i += LANES) { sums += dy[i]; }
  let total = across_sum(sums);
  for (var i = first + lane; i < last; i += LANES) { dx[i] = dy[i] - exp(y[i]) * total; }
#else
  for (var i = first + lane; i < last; i += LANES) { sums += y[i] * dy[i]; }
  let total = across_sum(sums);
  for (var i = first + lane; i < last; i += LANES) { dx[i] = y[i] * (dy[i] - total); }
#endif
}
