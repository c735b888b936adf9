// sums[q] = sum over segments s of partial[s, 0, q], dots[q] = that of partial[s, 1, q].
// partial: [segments, 2, c] (batch_norm_grad_sums.wgsl), sums, dots: [c]; T is f32, or vec4f when c is a multiple of 4
// (c then counts vec4s). Grid: one workgroup per COLUMNS channels (lib/columns).
#include lib/columns
struct Params { c: u32, segments: u32 }
@group(0) @binding(0) var<storage, read> partial: array<T>;
@group(0) @binding(1) var<storage, read_write> sums: array<T>;
@group(0) @binding(2) var<storage, read_write> dots: array<T>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(COLUMNS * LANES)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let column = (wid.y * nwg.x + wid.x) * COLUMNS + lid % COLUMNS;
  let q = min(column, p.c - 1);
  let lane = lid / COLUMNS;
  var sum = T(0);
  var dot_ = T(0);
  for (var s = lane; s < p.segments; s += LANES) {
    sum += partial[s * 2 * p.c + q];
    dot_ += partial[(s * 2 + 1) * p.c + q];
  }
  sum = across_rows(sum, lid);
  dot_ = across_rows(dot_, lid);
  if (lane == 0 && column < p.c) {
    sums[q] = sum;
    dots[q] = dot_;
  }
}
