// Operands of the filter gradient as GEMM: dw[tap, i, o] = sum over output pixels of x * dy, the
// pixels of split s being the rows (n, oy) from s * rows_per_split on.
// x: [batch, ih, iw, x_stride], dy: [batch * oh, ow, y_stride], partial: [splits, kh * kw, ci, co], all vec4 of four
// channels: ci, co, strides and offsets are multiples of 4, the host pads what is not.
// pixels: the last row of all may be shorter than ow. lanes: as in lib/conv_rows.
// norm: where NORM, of lib/norm_operand, for x.
#include lib/norm_operand
#include lib/operand
struct Params {
  ih: u32, iw: u32, ci: u32, oh: u32, ow: u32, co: u32,
  kh: u32, kw: u32, sh: u32, sw: u32, dh: u32, dw: u32, ph: u32, pw: u32,
  x_stride: u32, x_offset: u32, y_stride: u32, y_offset: u32,
  rows: u32, pixels: u32, rows_per_split: u32, ci_tiles: u32, co_tiles: u32,
  lanes: u32,
}
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;
#if NORM
@group(0) @binding(4) var<storage, read> norm: array<vec4f>;
#endif

// Four channels from `channel` on of the input pixel (row iy of an image, ix).
fn load_x(pixel: u32, channel: u32) -> vec4f {
  let first = min(channel, p.ci - 4);
  return operand4(normed(x[(p.x_offset + pixel * p.x_stride + first) / 4], first / 4, p.ci / 4));
}

fn load_dy(pixel: u32, channel: u32) -> vec4f {
  return operand4(dy[(p.y_offset + pixel * p.y_stride + min(channel, p.co - 4)) / 4]);
}
