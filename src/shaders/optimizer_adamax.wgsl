// w -= w * decay; then
//   m += (g - m) (1 - beta1); u = max(beta2 u, |g|)
//   w -= lr * m / (left * (u + epsilon)), left = 1 - beta1^t
// w, g, m (momentum), u (norm): [ceil(n / 4)] vec4; all but g are changed in place.
// rest1: 1 - beta1. Grid: items, one per vec4. Source: Keras 3, optimizers/adamax.py.
#include lib/optimizer
struct Params {
  count: u32, decay: f32, clip: f32, lr: f32, left: f32, rest1: f32, beta2: f32, epsilon: f32
}
@group(0) @binding(4) var<storage, read_write> momentum: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> norm: array<vec4f>;

fn item(i: u32) {
#if LOSS_SCALE
  if (overflow[0] != 0) { return; }
#endif
  let grad = gradient(i);
  let m = momentum[i] + (grad - momentum[i]) * p.rest1;
  let u = max(norm[i] * p.beta2, abs(grad));
  momentum[i] = m;
  norm[i] = u;
  w[i] = decayed(i) - m * p.lr / (p.left * (u + p.epsilon));
}
