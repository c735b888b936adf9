// w -= w * decay; then
//   v = rho v + (1 - rho) g^2
//   plain:     step = lr * g / sqrt(v + epsilon)
//   CENTERED:  a = rho a + (1 - rho) g; step = lr * g / sqrt(v - a^2 + epsilon)
//   w -= step; with MOMENTUM: m = mu * m + step; w -= m
// Slots: v (velocity), with MOMENTUM m (momentum), with CENTERED a (average_gradient).
// Grid: lib/optimizer. Source: Keras 3, optimizers/rmsprop.py.
#include lib/optimizer
struct Params {
  count: u32, decay: f32, clip: f32, lr: f32, rho: f32, rest: f32, mu: f32, epsilon: f32
}

fn updated(w: vec4f, g: vec4f) -> vec4f {
  let v = slots[0] * p.rho + g * g * p.rest;
  slots[0] = v;
  var spread = v + p.epsilon;
#if CENTERED
  let a = slots[SLOTS - 1] * p.rho + g * p.rest;
  slots[SLOTS - 1] = a;
  spread = v - a * a + p.epsilon;
#endif
  var change = g * p.lr / sqrt(spread);
#if MOMENTUM
  change += slots[1] * p.mu;
  slots[1] = change;
#endif
  return w - change;
}
