// dx[r, i] = dloss[r] * (softmax(x[r])[i] * sum(t[r]) - t[r, i]); or with the flag PROBS, with
// q = x / sum(x): dx[r, i] = dloss[r] * (g[i] - sum over k of g[k] * q[k]) / sum(x[r]), where
// g = -t / q, and 0 where q is clipped.
// x, dx: [rows, c] of T, labels: see lib/targets, dloss: [rows]; T is f32, or vec4f (flag VEC; c then
// counts vec4s). Grid: of lib/rows.
#include lib/grid
#include lib/rows
#include lib/targets
@group(0) @binding(2) var<storage, read> x: array<T>;
@group(0) @binding(3) var<storage, read> dloss: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<T>;

#if PROBS
fn slope(q: T, t: T) -> T {
  return select(T(0), -t / q, (q >= T(1e-7)) & (q <= T(1 - 1e-7)));
}
#endif

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = row_of(wid, nwg, lid);
  if (row >= p.rows) { return; }
  let first = row * p.c;
  let scale = dloss[row] + verdict(row);
  var sums = T(0);
#if PROBS
  for (var i = lane; i < p.c; i += LANES) { sums += x[first + i]; }
  let total = across_sum(sums);
  var dots = T(0);
  for (var i = lane; i < p.c; i += LANES) {
    let q = x[first + i] / total;
    dots += slope(q, goal(row, i)) * q;
  }
  let dot = across_sum(dots);
  for (var i = lane; i < p.c; i += LANES) {
    dx[first + i] = (slope(x[first + i] / total, goal(row, i)) - dot) * (scale / total);
  }
#else
  var best = x[first];
  for (var i = lane; i < p.c; i += LANES) { best = max(best, x[first + i]); }
  let m = across_max(best);
  var goals = T(0);
  for (var i = lane; i < p.c; i += LANES) {
    sums += exp(x[first + i] - m);
    goals += goal(row, i);
  }
  let share = across_sum(goals) / across_sum(sums);
  for (var i = lane; i < p.c; i += LANES) {
    dx[first + i] = scale * (exp(x[first + i] - m) * share - goal(row, i));
  }
#endif
}
