// y[i] = f(x[i]), f chosen by a flag.
// x, y: [ceil(n / 4)] vec4. Grid: one invocation per vec4.
#include lib/grid
#include lib/math
struct Params { n4: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

fn f(x: vec4f) -> vec4f {
#if RELU
  return max(x, vec4f(0));
#elif RELU6
  return clamp(x, vec4f(0), vec4f(6));
#elif SIGMOID
  return sigmoid4(x);
#elif TANH
  return tanh4(x);
#elif SWISH
  return x * sigmoid4(x);
#elif EXP
  return exp(x);
#elif LOG
  return log(x);
#elif SQRT
  return sqrt(x);
#elif SQUARE
  return x * x;
#elif ABS
  return abs(x);
#endif
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i < p.n4) { y[i] = f(x[i]); }
}
