// Geometry of a depthwise convolution: x [batch, ih, iw, c], w [K, K, c], y [batch, oh, ow, c]. A pixel
// has x_stride values in x and y_stride in y, from x_offset and y_offset on; ph and pw are the padding
// before. With flag VEC a value is a vec4f of four channels, and c, strides and offsets count these.
// columns, blocks, rows: how the pixels are shared out among invocations; see the kernels.
struct Params {
  count: u32, c: u32,
  ih: u32, iw: u32, oh: u32, ow: u32, ph: u32, pw: u32,
  x_stride: u32, x_offset: u32, y_stride: u32, y_offset: u32,
  columns: u32, blocks: u32, rows: u32,
  bias: u32,
}
#if VEC
alias T = vec4f;
#else
alias T = f32;
#endif
