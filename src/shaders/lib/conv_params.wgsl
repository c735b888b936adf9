// Geometry of a convolution: x [batch, ih, iw, ci], w [kh, kw, ci / groups, co], y [batch, oh, ow, co].
struct Params {
  count: u32,
  ih: u32, iw: u32, ci: u32, oh: u32, ow: u32, co: u32, groups: u32,
  kh: u32, kw: u32, sh: u32, sw: u32, dh: u32, dw: u32, ph: u32, pw: u32,
  x_stride: u32, x_offset: u32, y_stride: u32, y_offset: u32,
  batch: u32, bias: u32, activation: u32, accumulate: u32,
}
