// w -= w * decay; then
//   v = rho v + (1 - rho) g^2
//   plain:     step = lr * g / sqrt(v + epsilon)
//   CENTERED:  a = rho a + (1 - rho) g; step = lr * g / sqrt(v - a^2 + epsilon)
//   w -= step; with MOMENTUM: b = momentum * b + step; w -= b
// w, g, v, a, b: [ceil(n / 4)] vec4; all but g are changed in place. Grid: one invocation per vec4.
// Source: Keras 3, optimizers/rmsprop.py.
#include lib/grid
struct Params { n4: u32, decay: f32, lr: f32, rho: f32, rest: f32, momentum: f32, epsilon: f32 }
@group(0) @binding(0) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;
#if CENTERED
@group(0) @binding(4) var<storage, read_write> a: array<vec4f>;
#endif
#if MOMENTUM
@group(0) @binding(5) var<storage, read_write> b: array<vec4f>;
#endif

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.n4) { return; }
  let gradient = g[i];
  let meanSquare = v[i] * p.rho + gradient * gradient * p.rest;
  v[i] = meanSquare;
  var spread = meanSquare + p.epsilon;
#if CENTERED
  let average = a[i] * p.rho + gradient * p.rest;
  a[i] = average;
  spread = meanSquare - average * average + p.epsilon;
#endif
  var step = gradient * p.lr / sqrt(spread);
#if MOMENTUM
  step += b[i] * p.momentum;
  b[i] = step;
#endif
  w[i] = w[i] - w[i] * p.decay - step;
}
