// w -= w * decay; then w -= lr * sign(beta1 m + (1 - beta1) g); m = beta2 m + (1 - beta2) g
// w, g, m (momentum): [ceil(n / 4)] vec4; w and m are changed in place.
// rest1, rest2: 1 - beta1, 1 - beta2. Grid: one invocation per vec4.
// Source: Keras 3, optimizers/lion.py.
#include lib/optimizer
struct Params {
  n4: u32, decay: f32, clip: f32, lr: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32
}
@group(0) @binding(4) var<storage, read_write> momentum: array<vec4f>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (is_done(i)) { return; }
  let grad = gradient(i);
  let m = momentum[i];
  w[i] = decayed(i) - sign(m * p.beta1 + grad * p.rest1) * p.lr;
  momentum[i] = m * p.beta2 + grad * p.rest2;
}
