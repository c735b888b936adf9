// w -= w * decay; then
//   m += (g - m) (1 - beta1); v += (g^2 - v) (1 - beta2)
//   mean = next * m / (1 - product * next) + (1 - now) * g / (1 - product)
//   w -= lr * mean / (sqrt(v / left) + epsilon), left = 1 - beta2^t
// now, next: momentum of this step and the next, beta1 * (1 - 0.5 * 0.96^t); product: [1], that of
// all momentums up to now. Slots: m (momentum), v (velocity).
// Grid: lib/optimizer. Source: Keras 3, optimizers/nadam.py.
#include lib/optimizer
struct Params {
  count: u32, decay: f32, clip: f32, lr: f32, now: f32, next: f32, rest1: f32, rest2: f32, left: f32,
  epsilon: f32
}
@group(0) @binding(3) var<storage, read> product: array<f32>;

fn updated(w: vec4f, g: vec4f) -> vec4f {
  let m = slots[0] + (g - slots[0]) * p.rest1;
  let v = slots[1] + (g * g - slots[1]) * p.rest2;
  slots[0] = m;
  slots[1] = v;
  let mean = m * p.next / (1 - product[0] * p.next) + g * (1 - p.now) / (1 - product[0]);
  return w - mean * p.lr / (sqrt(v / p.left) + p.epsilon);
}
