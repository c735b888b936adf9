// w -= w * decay; then
//   m += (g - m) (1 - beta1); v += (g^2 - v) (1 - beta2); with AMSGRAD: h = max(h, v), else h = v
//   w -= alpha * m / (sqrt(h) + epsilon), alpha = lr * sqrt(1 - beta2^t) / (1 - beta1^t)
// Slots: m (momentum), v (velocity), h (velocity_hat). rest1, rest2: 1 - beta1, 1 - beta2.
// Grid: lib/optimizer. Source: Keras 3, optimizers/adam.py.
#include lib/optimizer
struct Params { count: u32, decay: f32, clip: f32, alpha: f32, rest1: f32, rest2: f32, epsilon: f32 }

fn updated(w: vec4f, g: vec4f) -> vec4f {
  let m = slots[0] + (g - slots[0]) * p.rest1;
  var v = slots[1] + (g * g - slots[1]) * p.rest2;
  slots[0] = m;
  slots[1] = v;
#if AMSGRAD
  v = max(slots[2], v);
  slots[2] = v;
#endif
  return w - m * p.alpha / (sqrt(v) + p.epsilon);
}
