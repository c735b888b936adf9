// y = [beta + (bias - mean) * scale, scale] with scale = gamma / sqrt(variance + epsilon): batch normalization of
// averages as one multiplication and one addition per channel.
// y: [2, c], the others: [c]; bias counts with BIAS only. Grid: one invocation per channel.
#include lib/grid
struct Params { c: u32, epsilon: f32 }
@group(0) @binding(0) var<storage, read> gamma: array<f32>;
@group(0) @binding(1) var<storage, read> beta: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> variance: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let q = linear_id(wid, nwg, lid);
  if (q >= p.c) { return; }
  let scale = gamma[q] / sqrt(variance[q] + p.epsilon);
  var offset = -mean[q];
#if BIAS
  offset += bias[q];
#endif
  y[q] = beta[q] + offset * scale;
  y[p.c + q] = scale;
}
