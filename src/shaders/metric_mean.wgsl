// total[0] += sum of values, total[1] += their number: a running mean, read once in a while.
// values: [n], total: [2], changed in place. Grid: one workgroup, so that the order is fixed.
struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read_write> total: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;
var<workgroup> sums: array<f32, WG>;

@compute @workgroup_size(WG)
fn main(@builtin(local_invocation_index) lid: u32) {
  var sum = 0.0;
  for (var i = lid; i < p.n; i += WG) { sum += values[i]; }
  sums[lid] = sum;
  for (var width = u32(WG) / 2; width > 0; width /= 2) {
    workgroupBarrier();
    if (lid < width) { sums[lid] += sums[lid + width]; }
  }
  if (lid == 0) {
    total[0] += sums[0];
    total[1] += f32(p.n);
  }
}
