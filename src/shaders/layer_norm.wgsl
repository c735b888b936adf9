// y[r, i] = (x[r, i] - m) / d * gamma[i] + beta[i], m being the mean of row r, d = sqrt(its variance +
// epsilon).
// x, y: [rows, c] of T, gamma, beta: [c]; T is f32, or vec4f (flag VEC; c then counts vec4s).
// Grid: of lib/rows.
#include lib/grid
#include lib/rows
#include lib/layer_norm
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> gamma: array<T>;
@group(0) @binding(2) var<storage, read> beta: array<T>;
@group(0) @binding(3) var<storage, read_write> y: array<T>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = row_of(wid, nwg, lid);
  if (row >= p.rows) { return; }
  let first = row * p.c;
  let m = moments(first);
  for (var i = lane; i < p.c; i += LANES) {
    y[first + i] = (x[first + i] - m.mean - m.rest) / m.deviation * gamma[i] + beta[i];
  }
}
