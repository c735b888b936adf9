// w -= w * decay; then
//   v = rho v + (1 - rho) g^2
//   plain:     step = lr * g / sqrt(v + epsilon)
//   CENTERED:  a = rho a + (1 - rho) g; step = lr * g / sqrt(v - a^2 + epsilon)
//   w -= step; with MOMENTUM: m = mu * m + step; w -= m
// w, g, v (velocity), a (average_gradient), m (momentum): [ceil(n / 4)] vec4; all but g are changed
// in place. Grid: items, one per vec4. Source: Keras 3, optimizers/rmsprop.py.
#include lib/optimizer
struct Params {
  count: u32, decay: f32, clip: f32, lr: f32, rho: f32, rest: f32, mu: f32, epsilon: f32
}
@group(0) @binding(4) var<storage, read_write> velocity: array<vec4f>;
#if CENTERED
@group(0) @binding(5) var<storage, read_write> average_gradient: array<vec4f>;
#endif
#if MOMENTUM
@group(0) @binding(6) var<storage, read_write> momentum: array<vec4f>;
#endif

fn item(i: u32) {
#if LOSS_SCALE
  if (overflow[0] != 0) { return; }
#endif
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
