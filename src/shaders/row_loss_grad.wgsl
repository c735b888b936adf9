// dx[r, i] = dloss[r] / size * f'(x[r, i], t[r, i]), f being chosen in lib/row_loss.
// x, t, dx: [rows, c] of T, dloss: [rows]; T is f32, or vec4f (flag VEC; c then counts vec4s).
// Grid: one invocation per element of dx.
#include lib/grid
#include lib/row_loss
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> t: array<T>;
@group(0) @binding(2) var<storage, read> dloss: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<T>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.rows * p.c) { return; }
  dx[i] = derivative(x[i], t[i]) * (dloss[i / p.c] / p.size);
}
