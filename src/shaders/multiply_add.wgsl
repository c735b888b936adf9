// y[i] = what is left of 8 x 64 x STEPS multiply-adds of vec4, which do not wait for each other
// For the peak rate of arithmetic; see cli/kernel_times.ts. y: [count] vec4.
// Flags: WG, STEPS. Grid: one invocation per vec4.
#include lib/grid
struct Params { count: u32, factor: f32, term: f32 }
@group(0) @binding(0) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(1) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  let term = vec4f(p.term);
#unroll j 8
  var v$j = vec4f(f32(index + $j));
#end
  for (var step = 0u; step < STEPS; step++) {
#unroll i 64
#unroll j 8
    v$j = v$j * p.factor + term;
#end
#end
  }
  if (index < p.count) { y[index] = ((v0 + v1) + (v2 + v3)) + ((v4 + v5) + (v6 + v7)); }
}
