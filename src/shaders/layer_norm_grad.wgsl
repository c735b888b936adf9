// dx[r, i] = (g[i] - (sum + h[i] * dots) / size) / d, with g = dy[r] * gamma, h = (x[r] - m) / d,
// m and d as in layer_norm, sum = sum over the row of g, dots = that of g * h.
// x, dy, dx: [rows, c] of T, gamma: [c]; T is f32, or vec4f (flag VEC; c then counts vec4s).
// Grid: of lib/rows.
#include lib/grid
#include lib/rows
#include lib/layer_norm
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> gamma: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read_write> dx: array<T>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = row_of(wid, nwg, lid);
  if (row >= p.rows) { return; }
  let first = row * p.c;
  let m = moments(first);
  var sums = T(0);
  var products = T(0);
  for (var i = lane; i < p.c; i += LANES) {
    let g = dy[first + i] * gamma[i];
    sums += g;
    products += g * (x[first + i] - m.mean - m.rest);
  }
  let sum = across_sum(sums);
  let dots = across_sum(products) / m.deviation;
  for (var i = lane; i < p.c; i += LANES) {
    let h = (x[first + i] - m.mean - m.rest) / m.deviation;
    dx[first + i] = (dy[first + i] * gamma[i] - (sum + h * dots) / p.size) / m.deviation;
  }
}
