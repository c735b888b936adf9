// y[i] = f(a[i], b[i]), f chosen by a flag, all of one shape or one of them a single number.
// a, b, y: [ceil(n / 4)] vec4. Grid: one invocation per vec4.
#include lib/grid
#include lib/binary
struct Params { n4: u32 }
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.n4) { return; }
#if SCALAR_A
  y[i] = f(vec4f(a[0].x), b[i]);
#elif SCALAR_B
  y[i] = f(a[i], vec4f(b[0].x));
#else
  y[i] = f(a[i], b[i]);
#endif
}
