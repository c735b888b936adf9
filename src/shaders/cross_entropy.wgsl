// loss[r] = -sum over i of t[r, i] * log(softmax(x[r])[i]), computed as log(s) * sum(t) - sum(t * z)
// with z = x - max(x) and s = sum(exp(z)); or with the flag PROBS, x being probabilities:
// loss[r] = -sum of t[r, i] * log(clip(x[r, i] / sum(x[r]))), clipped to [1e-7, 1 - 1e-7].
// x: [rows, c] of T, labels: see lib/targets, loss: [rows]; T is f32, or vec4f (flag VEC; c then
// counts vec4s). Grid: of lib/rows.
#include lib/grid
#include lib/rows
#include lib/targets
@group(0) @binding(2) var<storage, read> x: array<T>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = row_of(wid, nwg, lid);
  if (row >= p.rows) { return; }
  let first = row * p.c;
  var sums = T(0);
#if PROBS
  for (var i = lane; i < p.c; i += LANES) { sums += x[first + i]; }
  let total = across_sum(sums);
  var logs = T(0);
  for (var i = lane; i < p.c; i += LANES) {
    logs += goal(row, i) * log(clamp(x[first + i] / total, T(1e-7), T(1 - 1e-7)));
  }
  let result = verdict(row) - across_sum(logs);
  if (lane == 0) { loss[row] = result; }
#else
  var best = x[first];
  for (var i = lane; i < p.c; i += LANES) { best = max(best, x[first + i]); }
  let m = across_max(best);
  var goals = T(0);
  var hits = T(0);
  for (var i = lane; i < p.c; i += LANES) {
    let z = x[first + i] - m;
    let t = goal(row, i);
    sums += exp(z);
    goals += t;
    hits += t * z;
  }
  let result = verdict(row) + log(across_sum(sums)) * across_sum(goals) - across_sum(hits);
  if (lane == 0) { loss[row] = result; }
#endif
}
