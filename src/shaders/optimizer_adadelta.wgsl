// w -= w * decay; then
//   s = rho s + (1 - rho) g^2; step = g * sqrt(d + epsilon) / sqrt(s + epsilon)
//   d = rho d + (1 - rho) step^2; w -= lr * step
// Slots: s (accumulated_grad), d (accumulated_delta_var). rest: 1 - rho.
// Grid: lib/optimizer. Source: Keras 3, optimizers/adadelta.py.
#include lib/optimizer
struct Params { count: u32, decay: f32, clip: f32, lr: f32, rho: f32, rest: f32, epsilon: f32 }

fn updated(w: vec4f, g: vec4f) -> vec4f {
  let s = slots[0] * p.rho + g * g * p.rest;
  let d = slots[1];
  let change = g * sqrt(d + p.epsilon) / sqrt(s + p.epsilon);
  slots[0] = s;
  slots[1] = d * p.rho + change * change * p.rest;
  return w - change * p.lr;
}
