// y[i] = what is left of 4 x 8 multiply-adds of vec4 in each of `steps` rounds, of which 4 do not wait
// for each other.
//
// For the peak rate of arithmetic; see cli/peak.ts. A round is short enough to stay in the caches for
// instructions and long enough to hide the loop. y: [count] vec4.
// Flag: WG. Grid: one invocation per vec4.
#include lib/grid
struct Params { count: u32, steps: u32, factor: f32, term: f32 }
@group(0) @binding(0) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(1) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  let factor = p.factor;
  let term = vec4f(p.term);
#unroll j 4
  var v$j = vec4f(f32(index + $j));
#end
  for (var step = 0u; step < p.steps; step++) {
#unroll i 8
#unroll j 4
    v$j = v$j * factor + term;
#end
#end
  }
  if (index < p.count) { y[index] = (v0 + v1) + (v2 + v3); }
}
