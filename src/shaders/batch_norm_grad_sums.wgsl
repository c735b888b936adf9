// partial[s, 0, q] = sum of dy[r, q], and partial[s, 1, q] = sum of dy[r, q] * h[r, q], over the rows r of segment
// s, with h = (x - mean - rest) / sqrt(variance + epsilon): where x is far from 0, the rounding of the
// mean alone would be seen in a long sum.
// With an ACTIVATION, dy is first multiplied by its slope at (x - mean) / sqrt(variance + epsilon) * gamma + beta
// (lib/norm_activation).
// x, dy: [rows, c], mean, rest, variance, gamma, beta: [c], partial: [segments, 2, c]; T is f32, or vec4f when c is a
// multiple of 4 (c then counts vec4s). Grid: one invocation per (segment, channel), channels fastest.
#include lib/grid
#include lib/norm_activation
struct Params { n: u32, c: u32, rows: u32, step: u32, epsilon: f32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read> mean: array<T>;
@group(0) @binding(3) var<storage, read> rest: array<T>;
@group(0) @binding(4) var<storage, read> variance: array<T>;
@group(0) @binding(5) var<storage, read_write> partial: array<T>;
@group(0) @binding(6) var<uniform> p: Params;
#if ACTIVATION
@group(0) @binding(7) var<storage, read> gamma: array<T>;
@group(0) @binding(8) var<storage, read> beta: array<T>;
#endif

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.n) { return; }
  let segment = index / p.c;
  let q = index - segment * p.c;
  let first = segment * p.step;
  let last = min(first + p.step, p.rows);
  let m = mean[q];
  let deviation = sqrt(variance[q] + p.epsilon);
#if ACTIVATION
  let scale = gamma[q] / deviation;
  let shift = beta[q];
#endif
  var sum = T(0);
  var dot_ = T(0);
  for (var r = first; r < last; r++) {
    let away = x[r * p.c + q] - m;
#if ACTIVATION
    let d = dy[r * p.c + q] * slope(away * scale + shift);
#else
    let d = dy[r * p.c + q];
#endif
    sum += d;
    dot_ += d * away;
  }
  let at = segment * 2 * p.c + q;
  partial[at] = sum;
  partial[at + p.c] = (dot_ - rest[q] * sum) / deviation;
}
