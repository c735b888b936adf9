// w -= w * decay; then
//   v = rho v + (1 - rho) g^2
//   plain:     step = lr * g / sqrt(v + epsilon)
//   CENTERED:  a = rho a + (1 - rho) g; step = lr * g / sqrt(v - a^2 + epsilon)
//   w -= step; with MOMENTUM: m = mu * m + step; w -= m
// w, g, v (velocity), a (average_gradient), m (momentum): [ceil(n / 4)] vec4; all but g are changed
// in place. Grid: one invocation per vec4. Source: Keras 3, optimizers/rmsprop.py.
#include lib/optimizer
struct Params {
  n4: u32, decay: f32, clip: f32, lr: f32, rho: f32, rest: f32, mu: f32, epsilon: f32
}
@group(0) @binding(4) var<storage, read_write> velocity: array<vec4f>;
#if CENTERED
@group(0) @binding(5) var<storage, read_write> average_gradient: array<vec4f>;
#endif
#if MOMENTUM
@group(0) @binding(6) var<storage, read_write> momentum: array<vec4f>;
#endif

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (is_done(i)) { return; }
  let grad = gradient(i);
  let v = velocity[i] * p.rho + grad * grad * p.rest;
  velocity[i] = v;
  var spread = v + p.epsilon;
#if CENTERED
  let a = average_gradient[i] * p.rho + grad * p.rest;
  average_gradient[i] = a;
  spread = v - a * a + p.epsilon;
#endif
  var step = grad * p.lr / sqrt(spread);
#if MOMENTUM
  step += momentum[i] * p.mu;
  momentum[i] = step;
#endif
  w[i] = decayed(i) - step;
}
