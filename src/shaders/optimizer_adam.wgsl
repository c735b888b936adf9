// w -= w * decay; then
//   m += (g - m) (1 - beta1); v += (g^2 - v) (1 - beta2); with AMSGRAD: h = max(h, v), else h = v
//   w -= alpha * m / (sqrt(h) + epsilon), alpha = lr * sqrt(1 - beta2^t) / (1 - beta1^t)
// w, g, m (momentum), v (velocity), h (velocity_hat): [ceil(n / 4)] vec4; all but g are changed in
// place. rest1, rest2: 1 - beta1, 1 - beta2. Grid: items, one per vec4.
// Source: Keras 3, optimizers/adam.py.
#include lib/optimizer
struct Params { count: u32, decay: f32, clip: f32, alpha: f32, rest1: f32, rest2: f32, epsilon: f32 }
@group(0) @binding(4) var<storage, read_write> momentum: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> velocity: array<vec4f>;
#if AMSGRAD
@group(0) @binding(6) var<storage, read_write> velocity_hat: array<vec4f>;
#endif

fn item(i: u32) {
#if LOSS_SCALE
  if (overflow[0] != 0) { return; }
#endif
  let grad = gradient(i);
  let m = momentum[i] + (grad - momentum[i]) * p.rest1;
  var v = velocity[i] + (grad * grad - velocity[i]) * p.rest2;
  momentum[i] = m;
  velocity[i] = v;
#if AMSGRAD
  v = max(velocity_hat[i], v);
  velocity_hat[i] = v;
#endif
  w[i] = decayed(i) - m * p.alpha / (sqrt(v) + p.epsilon);
}
