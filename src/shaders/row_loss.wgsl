// loss[r] = sum over i of f(x[r, i], t[r, i]) / size, f being chosen in lib/row_loss.
// x, t: [rows, c] of T, loss: [rows]; T is f32, or vec4f (flag VEC; c then counts vec4s).
// Grid: of lib/rows.
#include lib/grid
#include lib/rows
#include lib/row_loss
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> t: array<T>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = row_of(wid, nwg, lid);
  if (row >= p.rows) { return; }
  var sums = T(0);
  for (var i = row * p.c + lane; i < (row + 1) * p.c; i += LANES) { sums += term(x[i], t[i]); }
  let result = across_sum(sums) / p.size;
  if (lane == 0) { loss[row] = result; }
}
