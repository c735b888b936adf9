// dw[ky, kx, i, o] = sum over n, oy, ox of
//   x[n, oy*sh - ph + ky*dh, ox*sw - pw + kx*dw, first(o) + i] * dy[n, oy, ox, o].
//
// The general kernel: any stride, padding, dilation and groups; the oracle of the fast ones. Strides
// and offsets of pixels as in conv2d_direct. Grid: one invocation per weight, o fastest.
#include lib/grid
#include lib/conv_params
#include lib/operand
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dw: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.count) { return; }
  let per_group = p.ci / p.groups;
  let o = index % p.co;
  let i = index / p.co % per_group;
  let tap = index / p.co / per_group;
  let channel = o / (p.co / p.groups) * per_group + i;
  var total = 0f;
  for (var row = 0u; row < p.batch * p.oh; row++) {
    let iy = i32(row % p.oh * p.sh) - i32(p.ph) + i32(tap / p.kw * p.dh);
    if (iy < 0 || iy >= i32(p.ih)) { continue; }
    // Summing row by row keeps long sums accurate.
    var row_total = 0f;
    for (var ox = 0u; ox < p.ow; ox++) {
      let ix = i32(ox * p.sw) - i32(p.pw) + i32(tap % p.kw * p.dw);
      if (ix < 0 || ix >= i32(p.iw)) { continue; }
      let at = p.x_offset + ((row / p.oh * p.ih + u32(iy)) * p.iw + u32(ix)) * p.x_stride + channel;
      let d = operand(dy[p.y_offset + (row * p.ow + ox) * p.y_stride + o]);
      row_total = fma(operand(x[at]), d, row_total);
    }
    total += row_total;
  }
  dw[index] = total;
}
