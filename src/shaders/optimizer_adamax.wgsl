// w -= w * decay; then
//   m += (g - m) (1 - beta1); u = max(beta2 u, |g|)
//   w -= lr * m / (left * (u + epsilon)), left = 1 - beta1^t
// Slots: m (momentum), u (norm). rest1: 1 - beta1.
// Grid: lib/optimizer. Source: Keras 3, optimizers/adamax.py.
#include lib/optimizer
struct Params {
  count: u32, decay: f32, clip: f32, lr: f32, left: f32, rest1: f32, beta2: f32, epsilon: f32
}

fn updated(w: vec4f, g: vec4f) -> vec4f {
  let m = slots[0] + (g - slots[0]) * p.rest1;
  let u = max(slots[1] * p.beta2, abs(g));
  slots[0] = m;
  slots[1] = u;
  return w - m * p.lr / (p.left * (u + p.epsilon));
}
