// w -= w * decay; then w -= lr * sign(beta1 m + (1 - beta1) g); m = beta2 m + (1 - beta2) g
// Slots: m (momentum). rest1, rest2: 1 - beta1, 1 - beta2.
// Grid: lib/optimizer. Source: Keras 3, optimizers/lion.py.
#include lib/optimizer
struct Params {
  count: u32, decay: f32, clip: f32, lr: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32
}

fn updated(w: vec4f, g: vec4f) -> vec4f {
  let m = slots[0];
  slots[0] = m * p.beta2 + g * p.rest2;
  return w - sign(m * p.beta1 + g * p.rest1) * p.lr;
}
