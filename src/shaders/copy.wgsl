// y = x, bit by bit
// y, x: [ceil(n / 4)] vec4. Grid: one invocation per vec4.
#include lib/grid
struct Params { n4: u32 }
@group(0) @binding(0) var<storage, read_write> y: array<vec4u>;
@group(0) @binding(1) var<storage, read> x: array<vec4u>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i < p.n4) { y[i] = x[i]; }
}
