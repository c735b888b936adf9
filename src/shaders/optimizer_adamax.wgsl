// w -= w * decay; then
//   m += (g - m) (1 - beta1); u = max(beta2 u, |g|)
//   w -= lr * m / (left * (u + epsilon)), left = 1 - beta1^t
// w, g, m (momentum), u (norm): [ceil(n / 4)] vec4; all but g are changed in place.
// rest1: 1 - beta1. Grid: one invocation per vec4. Source: Keras 3, optimizers/adamax.py.
#include lib/optimizer
struct Params {
  n4: u32, decay: f32, clip: f32, lr: f32, left: f32, rest1: f32, beta2: f32, epsilon: f32
}
@group(0) @binding(4) var<storage, read_write> momentum: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> norm: array<vec4f>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (is_done(i)) { return; }
  let grad = gradient(i);
  let m = momentum[i] + (grad - momentum[i]) * p.rest1;
  let u = max(norm[i] * p.beta2, abs(grad));
  momentum[i] = m;
  norm[i] = u;
  w[i] = decayed(i) - m * p.lr / (p.left * (u + p.epsilon));
}
