// w -= w * decay; then
//   m += (g - m) (1 - beta1); v += (g^2 - v) (1 - beta2)
//   mean = next * m / (1 - product * next) + (1 - now) * g / (1 - product)
//   w -= lr * mean / (sqrt(v / left) + epsilon), left = 1 - beta2^t
// now, next: momentum of this step and the next, beta1 * (1 - 0.5 * 0.96^t); product: [1], that of
// all momentums up to now. w, g, m (momentum), v (velocity): [ceil(n / 4)] vec4; all but g are
// changed in place. Grid: items, one per vec4. Source: Keras 3, optimizers/nadam.py.
#include lib/optimizer
struct Params {
  count: u32, decay: f32, clip: f32, lr: f32, now: f32, next: f32, rest1: f32, rest2: f32, left: f32,
  epsilon: f32
}
@group(0) @binding(4) var<storage, read_write> momentum: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(6) var<storage, read> product: array<f32>;

fn item(i: u32) {
#if LOSS_SCALE
  if (overflow[0] != 0) { return; }
#endif
  let grad = gradient(i);
  let m = momentum[i] + (grad - momentum[i]) * p.rest1;
  let v = velocity[i] + (grad * grad - velocity[i]) * p.rest2;
  momentum[i] = m;
  velocity[i] = v;
  let mean = m * p.next / (1 - product[0] * p.next) + grad * (1 - p.now) / (1 - product[0]);
  w[i] = decayed(i) - mean * p.lr / (sqrt(v / p.left) + p.epsilon);
}
