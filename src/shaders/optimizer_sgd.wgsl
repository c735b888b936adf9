// w -= w * decay; then
//   plain:     w -= lr * g
//   MOMENTUM:  m = m * mu - lr * g; w += m
//   NESTEROV:  m likewise; w += m * mu - lr * g
// w, g, m (momentum): [ceil(n / 4)] vec4; w and m are changed in place.
// Grid: one invocation per vec4. Source: Keras 3, optimizers/sgd.py.
#include lib/optimizer
struct Params { n4: u32, decay: f32, clip: f32, lr: f32, mu: f32 }
#if MOMENTUM
@group(0) @binding(4) var<storage, read_write> momentum: array<vec4f>;
#endif

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (is_done(i)) { return; }
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
