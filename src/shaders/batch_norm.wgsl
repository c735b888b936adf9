// y[r, q] = act((x[r, q] - mean[q]) / sqrt(variance[q] + epsilon) * gamma[q] + beta[q])
// x, y: [rows, c], the others: [c]; T is f32, or vec4f when c is a multiple of 4 (c then counts
// vec4s). act: lib/norm_activation. Grid: one invocation per element of c and ROWS rows, channels fastest.
#include lib/grid
#include lib/norm_activation
struct Params { n: u32, c: u32, rows: u32, epsilon: f32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> gamma: array<T>;
@group(0) @binding(2) var<storage, read> beta: array<T>;
@group(0) @binding(3) var<storage, read> mean: array<T>;
@group(0) @binding(4) var<storage, read> variance: array<T>;
@group(0) @binding(5) var<storage, read_write> y: array<T>;
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.n) { return; }
  let run = index / p.c;
  let q = index - run * p.c;
  let m = mean[q];
  let scale = gamma[q] / sqrt(variance[q] + p.epsilon);
  let shift = beta[q];
  let last = min((run + 1) * ROWS, p.rows);
  for (var r = run * ROWS; r < last; r++) {
    let i = r * p.c + q;
    y[i] = activated((x[i] - m) * scale + shift);
  }
}
