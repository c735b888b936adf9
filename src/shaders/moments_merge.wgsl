// Mean and variance (biased) of each channel, from means, spreads and rests of segments of `step`
// rows, the last one shorter; rest is what rounding leaves out of the mean: m = m_0 + sum of n_s (m_s - m_0) / N, v = sum of (spread_s + n_s (m_s - m)^2) / N.
// Source: Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm", 1979.
// means, spreads, rests: [segments, c], mean, variance, rest: [c]; T is f32, or vec4f when c is a multiple of 4 (c
// then counts vec4s). Grid: one invocation per channel.
#include lib/grid
struct Params { c: u32, segments: u32, rows: u32, step: u32 }
@group(0) @binding(0) var<storage, read> means: array<T>;
@group(0) @binding(1) var<storage, read> spreads: array<T>;
@group(0) @binding(2) var<storage, read> rests: array<T>;
@group(0) @binding(3) var<storage, read_write> mean: array<T>;
@group(0) @binding(4) var<storage, read_write> variance: array<T>;
@group(0) @binding(5) var<storage, read_write> rest: array<T>;
@group(0) @binding(6) var<uniform> p: Params;

fn share(s: u32) -> f32 {
  return f32(min(p.step, p.rows - s * p.step)) / f32(p.rows);
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let q = linear_id(wid, nwg, lid);
  if (q >= p.c) { return; }
  let shift = means[q];
  var offset = T(0);
  for (var s = 1u; s < p.segments; s++) { offset += (means[s * p.c + q] - shift) * share(s); }
  let m = shift + offset;
  var v = T(0);
  var left = T(0);
  for (var s = 0u; s < p.segments; s++) {
    let d = means[s * p.c + q] - m;
    v += spreads[s * p.c + q] / f32(p.rows) + d * d * share(s);
    left += (d + rests[s * p.c + q]) * share(s);
  }
  mean[q] = m;
  variance[q] = v;
  rest[q] = left;
}
