// Winograd's convolution F(4x4, 3x3): an output tile of 4 x 4 pixels is made from 6 x 6 input pixels by 36
// multiplications per pair of channels instead of 144: y = At [(G w Gt) * (Bt x B)] A, where the products over
// channels at each of the 36 positions are matrix products. Source: Lavin and Gray, arXiv 1509.09308.
// x: vec4 of [n, ih, iw, x_stride]; y: vec4 of [n, oh, ow, y_stride].
// Output pixel (y, x) reads from (y + oy, x + ox) on.
// v: vec4 of [36, rows, ci]; m: vec4 of [36, rows, co]: a row for each of the tiles from tile0 on.
// edge: 6, from the host: what is not known when a kernel is compiled stays a loop, and a software adapter takes half as
// long to compile that.
struct Params {
  count: u32, edge: u32, tile0: u32, rows: u32, tiles_y: u32, tiles_x: u32,
  ih: u32, iw: u32, oh: u32, ow: u32, oy: i32, ox: i32,
  channels: u32, x_stride: u32, x_offset: u32, y_stride: u32, y_offset: u32,
  bias: u32, low: f32, high: f32,
}

// Image, row and column of a tile.
fn place(tile: u32) -> vec3u {
  let row = tile / p.tiles_x;
  return vec3u(row / p.tiles_y, row % p.tiles_y, tile % p.tiles_x);
}
