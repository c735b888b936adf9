// y[k, q] = 1 where indices[k] = q, else 0.
// indices: [count], y: [count, depth]. Grid: one invocation per element of y.
#include lib/grid
struct Params { n: u32, depth: u32 }
@group(0) @binding(0) var<storage, read> indices: array<i32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.n) { return; }
  y[i] = select(0.0, 1.0, indices[i / p.depth] == i32(i % p.depth));
}
