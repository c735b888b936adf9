// w -= w * decay; then
//   s = rho s + (1 - rho) g^2; step = g * sqrt(d + epsilon) / sqrt(s + epsilon)
//   d = rho d + (1 - rho) step^2; w -= lr * step
// w, g, s (accumulated_grad), d (accumulated_delta_var): [ceil(n / 4)] vec4; all but g are changed
// in place. rest: 1 - rho. Grid: items, one per vec4. Source: Keras 3, optimizers/adadelta.py.
#include lib/optimizer
struct Params { count: u32, decay: f32, clip: f32, lr: f32, rho: f32, rest: f32, epsilon: f32 }
@group(0) @binding(4) var<storage, read_write> accumulated_grad: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> accumulated_delta_var: array<vec4f>;

fn item(i: u32) {
#if LOSS_SCALE
  if (overflow[0] != 0) { return; }
#endif
  let grad = gradient(i);
  let s = accumulated_grad[i] * p.rho + grad * grad * p.rest;
  let d = accumulated_delta_var[i];
  let step = grad * sqrt(d + p.epsilon) / sqrt(s + p.epsilon);
  accumulated_grad[i] = s;
  accumulated_delta_var[i] = d * p.rho + step * step * p.rest;
  w[i] = decayed(i) - step * p.lr;
}
