// w -= w * decay; then s += g^2; w -= lr * g / sqrt(s + epsilon)
// w, g, s (accumulator): [ceil(n / 4)] vec4; w and s are changed in place.
// Grid: one invocation per vec4. Source: Keras 3, optimizers/adagrad.py.
#include lib/optimizer
struct Params { n4: u32, decay: f32, clip: f32, lr: f32, epsilon: f32 }
@group(0) @binding(4) var<storage, read_write> accumulator: array<vec4f>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (is_done(i)) { return; }
  let grad = gradient(i);
  let s = accumulator[i] + grad * grad;
  accumulator[i] = s;
  w[i] = decayed(i) - grad * p.lr / sqrt(s + p.epsilon);
}
