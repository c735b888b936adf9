// overflow = 1 where a gradient has an infinity or NaN: an exponent of ones, which no compiler may assume
// away. g: [ceil(n / 4)] vec4 of bits. Grid: one invocation per vec4.
#include lib/grid
struct Params { n: u32, n4: u32 }
@group(0) @binding(0) var<storage, read> g: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> overflow: array<atomic<u32>>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.n4) { return; }
  let used = 4 * i + vec4u(0, 1, 2, 3) < vec4u(p.n);
  let broken = (g[i] & vec4u(0x7f800000)) == vec4u(0x7f800000);
  if (any(used & broken)) { atomicStore(&overflow[0], 1u); }
}
