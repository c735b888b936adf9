// w -= w * decay; then
//   plain:     w -= lr * g
//   MOMENTUM:  m = m * momentum - lr * g; w += m
//   NESTEROV:  m likewise; w += m * momentum - lr * g
// w, g, m: [ceil(n / 4)] vec4; w and m are changed in place. Grid: one invocation per vec4.
// Source: Keras 3, optimizers/sgd.py.
#include lib/grid
struct Params { n4: u32, decay: f32, lr: f32, momentum: f32 }
@group(0) @binding(0) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;
#if MOMENTUM
@group(0) @binding(3) var<storage, read_write> m: array<vec4f>;
#endif

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.n4) { return; }
  let decayed = w[i] - w[i] * p.decay;
  let step = g[i] * p.lr;
#if MOMENTUM
  let velocity = m[i] * p.momentum - step;
  m[i] = velocity;
#if NESTEROV
  w[i] = decayed + velocity * p.momentum - step;
#else
  w[i] = decayed + velocity;
#endif
#else
  w[i] = decayed - step;
#endif
}
