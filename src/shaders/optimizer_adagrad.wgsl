// w -= w * decay; then s += g^2; w -= lr * g / sqrt(s + epsilon)
// w, g, s (accumulator): [ceil(n / 4)] vec4; w and s are changed in place.
// Grid: items, one per vec4. Source: Keras 3, optimizers/adagrad.py.
#include lib/optimizer
struct Params { count: u32, decay: f32, clip: f32, lr: f32, epsilon: f32 }
@group(0) @binding(4) var<storage, read_write> accumulator: array<vec4f>;

fn item(i: u32) {
#if LOSS_SCALE
  if (overflow[0] != 0) { return; }
#endif
  let grad = gradient(i);
  let s = accumulator[i] + grad * grad;
  accumulator[i] = s;
  w[i] = decayed(i) - grad * p.lr / sqrt(s + p.epsilon);
}
