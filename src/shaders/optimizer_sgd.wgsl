// w -= w * decay; then
//   plain:     w -= lr * g
//   MOMENTUM:  m = m * mu - lr * g; w += m
//   NESTEROV:  m likewise; w += m * mu - lr * g
// w, g, m (momentum): [ceil(n / 4)] vec4; w and m are changed in place.
// Grid: items, one per vec4. Source: Keras 3, optimizers/sgd.py.
#include lib/optimizer
struct Params { count: u32, decay: f32, clip: f32, lr: f32, mu: f32 }
#if MOMENTUM
@group(0) @binding(4) var<storage, read_write> momentum: array<vec4f>;
#endif

fn item(i: u32) {
#if LOSS_SCALE
  if (overflow[0] != 0) { return; }
#endif
  let step = gradient(i) * p.lr;
#if MOMENTUM
  let m = momentum[i] * p.mu - step;
  momentum[i] = m;
#if NESTEROV
  w[i] = decayed(i) + (m * p.mu - step);
#else
  w[i] = decayed(i) + m;
#endif
#else
  w[i] = decayed(i) - step;
#endif
}
