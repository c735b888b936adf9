// y[yOffset + sum(i_d * y_d)] = x[xOffset + sum(i_d * x_d)] over a box [n5, ..., n0], innermost n0:
// transpose, slice, concat, pad, broadcast as one copy. Words of 32 bits, whatever they mean.
// Grid: one invocation per element of the box.
#include lib/grid
struct Params {
  n: u32,
  n0: u32, n1: u32, n2: u32, n3: u32, n4: u32,
  x0: u32, x1: u32, x2: u32, x3: u32, x4: u32, x5: u32,
  y0: u32, y1: u32, y2: u32, y3: u32, y4: u32, y5: u32,
  x_offset: u32, y_offset: u32,
}
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.n) { return; }
  var rest = i;
  let i0 = rest % p.n0; rest /= p.n0;
  let i1 = rest % p.n1; rest /= p.n1;
  let i2 = rest % p.n2; rest /= p.n2;
  let i3 = rest % p.n3; rest /= p.n3;
  let i4 = rest % p.n4;
  let i5 = rest / p.n4;
  let source = i0 * p.x0 + i1 * p.x1 + i2 * p.x2 + i3 * p.x3 + i4 * p.x4 + i5 * p.x5;
  let sink = i0 * p.y0 + i1 * p.y1 + i2 * p.y2 + i3 * p.y3 + i4 * p.y4 + i5 * p.y5;
  y[p.y_offset + sink] = x[p.x_offset + source];
}
