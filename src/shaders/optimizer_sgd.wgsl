// w -= w * decay; then
//   plain:     w -= lr * g
//   MOMENTUM:  m = m * mu - lr * g; w += m
//   NESTEROV:  m likewise; w += m * mu - lr * g
// Slots: m (momentum). Grid: lib/optimizer. Source: Keras 3, optimizers/sgd.py.
#include lib/optimizer
struct Params { count: u32, decay: f32, clip: f32, lr: f32, mu: f32 }

fn updated(w: vec4f, g: vec4f) -> vec4f {
  let change = g * p.lr;
#if MOMENTUM
  let m = slots[0] * p.mu - change;
  slots[0] = m;
#if NESTEROV
  return w + (m * p.mu - change);
#else
  return w + m;
#endif
#else
  return w - change;
#endif
}
