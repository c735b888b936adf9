// y[o, s] = reduction of x[o, k] over the k of segment s: s*c <= k < min((s+1)*c, size), times `scale` where it is a SUM.
// x: [outer, size] of T, y: [outer, segments]; T is f32, or vec4f (flag VEC; c and size then count vec4s). Grid: of
// lib/rows, each segment being a row.
#include lib/grid
#include lib/rows
struct Params { rows: u32, c: u32, size: u32, segments: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = row_of(wid, nwg, lid);
  if (row >= p.rows) { return; }
  let outer = row / p.segments;
  let first = outer * p.size + (row - outer * p.segments) * p.c;
  let last = min(first + p.c, (outer + 1) * p.size);
#if SUM
  var total = T(0);
  for (var i = first + lane; i < last; i += LANES) { total += x[i]; }
  let result = across_sum(total) * p.scale;
#else
  var best = x[first];
  for (var i = first + lane; i < last; i += LANES) { best = max(best, x[i]); }
  let result = across_max(best);
#endif
  if (lane == 0) { y[row] = result; }
}
