// product *= now, in place: the momentums of all steps so far. product: [1] in a vec4, n4: 1.
// LOSS_SCALE: but not in a step with an overflow.
// Grid: one invocation. Source: Keras 3, optimizers/nadam.py.
#include lib/grid
struct Params { n4: u32, now: f32 }
@group(0) @binding(0) var<storage, read_write> product: array<vec4f>;
@group(0) @binding(1) var<uniform> p: Params;
#if LOSS_SCALE
@group(0) @binding(2) var<storage, read> overflow: array<u32>;
#endif

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.n4) { return; }
#if LOSS_SCALE
  if (overflow[0] != 0) { return; }
#endif
  product[i] *= p.now;
}
