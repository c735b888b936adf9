// dx[r, q] = gamma[q] / d * (dy[r, q] - sum[q] / N - h[r, q] * dots[q] / N), with d = sqrt(variance +
// epsilon), h = (x - mean) / d, sum = sum over the N rows of dy, and dots = that of dy * h.
// With an ACTIVATION, dy is first multiplied by its slope at h * gamma + beta (lib/norm_activation).
// x, dy, dx: [rows, c] (rows of a window; N counts all), the others: [c]; T is f32, or vec4f when c is
// a multiple of 4 (c then counts vec4s). Grid: one invocation per element of c and ROWS rows, channels
// fastest.
#include lib/grid
#include lib/norm_activation
struct Params { n: u32, c: u32, rows: u32, count: f32, epsilon: f32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read> gamma: array<T>;
@group(0) @binding(3) var<storage, read> mean: array<T>;
@group(0) @binding(4) var<storage, read> variance: array<T>;
@group(0) @binding(5) var<storage, read> sums: array<T>;
@group(0) @binding(6) var<storage, read> dots: array<T>;
@group(0) @binding(7) var<storage, read_write> dx: array<T>;
@group(0) @binding(8) var<uniform> p: Params;
#if ACTIVATION
@group(0) @binding(9) var<storage, read> beta: array<T>;
#endif

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.n) { return; }
  let run = index / p.c;
  let q = index - run * p.c;
  let m = mean[q];
  let d = sqrt(variance[q] + p.epsilon);
  let scale = gamma[q] / d;
  let sum = sums[q] / p.count;
  let tilt = dots[q] / p.count / d;
#if ACTIVATION
  let shift = beta[q];
#endif
  let last = min((run + 1) * ROWS, p.rows);
  for (var r = run * ROWS; r < last; r++) {
    let i = r * p.c + q;
    let away = x[i] - m;
#if ACTIVATION
    let given = dy[i] * slope(away * scale + shift);
#else
    let given = dy[i];
#endif
    dx[i] = scale * (given - sum - away * tilt);
  }
}
