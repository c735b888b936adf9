// Mean and variance (biased) of each channel, from means, spreads and rests of segments of `step` rows, the last one
// shorter; rest is what rounding leaves out of the mean: m = m_0 + sum of n_s (m_s - m_0) / N,
// v = sum of (spread_s + n_s (m_s - m)^2) / N.
// Source: Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm", 1979.
// partial: [segments, 3, c] (moments.wgsl), mean, variance, rest: [c]; T is f32, or vec4f when c is a multiple of 4
// (c then counts vec4s). Grid: one workgroup per COLUMNS channels (lib/columns).
#include lib/columns
struct Params { c: u32, segments: u32, rows: u32, step: u32 }
@group(0) @binding(0) var<storage, read> partial: array<T>;
@group(0) @binding(1) var<storage, read_write> mean: array<T>;
@group(0) @binding(2) var<storage, read_write> variance: array<T>;
@group(0) @binding(3) var<storage, read_write> rest: array<T>;
@group(0) @binding(4) var<uniform> p: Params;

fn share(s: u32) -> f32 {
  return f32(min(p.step, p.rows - s * p.step)) / f32(p.rows);
}

@compute @workgroup_size(COLUMNS * LANES)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let column = (wid.y * nwg.x + wid.x) * COLUMNS + lid % COLUMNS;
  let q = min(column, p.c - 1);
  let lane = lid / COLUMNS;
  let shift = partial[q];
  var offset = T(0);
  for (var s = lane; s < p.segments; s += LANES) {
    offset += (partial[s * 3 * p.c + q] - shift) * share(s);
  }
  let m = shift + across_rows(offset, lid);
  var v = T(0);
  var left = T(0);
  for (var s = lane; s < p.segments; s += LANES) {
    let at = s * 3 * p.c + q;
    let d = partial[at] - m;
    v += partial[at + p.c] / f32(p.rows) + d * d * share(s);
    left += (d + partial[at + 2 * p.c]) * share(s);
  }
  v = across_rows(v, lid);
  left = across_rows(left, lid);
  if (lane == 0 && column < p.c) {
    mean[q] = m;
    variance[q] = v;
    rest[q] = left;
  }
}
