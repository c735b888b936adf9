// What the filter gradients on GPUs load (lib/filter_rows): four channels of one output pixel.

// The end of the pixels of a split.
fn last_pixel(split: u32) -> u32 {
  return min(min((split + 1) * p.rows_per_split, p.rows) * p.ow, p.pixels);
}

// Input channels of output pixel `pixel` under a tap; zeros outside of the image and from `last` on.
fn fetch_x(pixel: u32, last: u32, tap: u32, channel: u32) -> vec4f {
  let row = pixel / p.ow;
  let iy = i32(row % p.oh * p.sh) - i32(p.ph) + i32(tap / p.kw * p.dh);
  let ix = i32(pixel % p.ow * p.sw) - i32(p.pw) + i32(tap % p.kw * p.dw);
  let inside = pixel < last && iy >= 0 && ix >= 0 && iy < i32(p.ih) && ix < i32(p.iw);
  let at = select(0, (row / p.oh * p.ih + u32(iy)) * p.iw + u32(ix), inside);
  return select(vec4f(0), load_x(at, channel), inside);
}

// Output channels; from `last` on those of the last pixel: x is zero there, so that any finite value will do.
fn fetch_dy(pixel: u32, last: u32, channel: u32) -> vec4f {
  return load_dy(min(pixel, max(last, 1) - 1), channel);
}
