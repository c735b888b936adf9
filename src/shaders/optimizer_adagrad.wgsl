// w -= w * decay; then s += g^2; w -= lr * g / sqrt(s + epsilon)
// Slots: s (accumulator). Grid: lib/optimizer. Source: Keras 3, optimizers/adagrad.py.
#include lib/optimizer
struct Params { count: u32, decay: f32, clip: f32, lr: f32, epsilon: f32 }

fn updated(w: vec4f, g: vec4f) -> vec4f {
  let s = slots[0] + g * g;
  slots[0] = s;
  return w - g * p.lr / sqrt(s + p.epsilon);
}
