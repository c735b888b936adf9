// product *= now, in place: the momentums of all steps so far. product: [1] in a vec4, n4: 1.
// Grid: one invocation. Source: Keras 3, optimizers/nadam.py.
#include lib/grid
struct Params { n4: u32, now: f32 }
@group(0) @binding(0) var<storage, read_write> product: array<vec4f>;
@group(0) @binding(1) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.n4) { return; }
  product[i] *= p.now;
}
