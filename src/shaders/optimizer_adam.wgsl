// w -= w * decay; then
//   m += (g - m) (1 - beta1); v += (g^2 - v) (1 - beta2)
//   w -= alpha * m / (sqrt(v) + epsilon), alpha = lr * sqrt(1 - beta2^t) / (1 - beta1^t)
// w, g, m, v: [ceil(n / 4)] vec4; all but g are changed in place. rest1, rest2: 1 - beta1, 1 - beta2.
// Grid: one invocation per vec4. Source: Keras 3, optimizers/adam.py.
#include lib/grid
struct Params { n4: u32, decay: f32, alpha: f32, rest1: f32, rest2: f32, epsilon: f32 }
@group(0) @binding(0) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.n4) { return; }
  let gradient = g[i];
  let first = m[i] + (gradient - m[i]) * p.rest1;
  let second = v[i] + (gradient * gradient - v[i]) * p.rest2;
  m[i] = first;
  v[i] = second;
  w[i] = w[i] - w[i] * p.decay - first * p.alpha / (sqrt(second) + p.epsilon);
}
