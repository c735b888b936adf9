// w -= w * decay; then w -= lr * sign(beta1 m + (1 - beta1) g); m = beta2 m + (1 - beta2) g
// w, g, m (momentum): [ceil(n / 4)] vec4; w and m are changed in place.
// rest1, rest2: 1 - beta1, 1 - beta2. Grid: items, one per vec4.
// Source: Keras 3, optimizers/lion.py.
#include lib/optimizer
struct Params {
  count: u32, decay: f32, clip: f32, lr: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32
}
@group(0) @binding(4) var<storage, read_write> momentum: array<vec4f>;

fn item(i: u32) {
#if LOSS_SCALE
  if (overflow[0] != 0) { return; }
#endif
  let grad = gradient(i);
  let m = momentum[i];
  w[i] = decayed(i) - sign(m * p.beta1 + grad * p.rest1) * p.lr;
  momentum[i] = m * p.beta2 + grad * p.rest2;
}
