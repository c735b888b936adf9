// The A operand of the implicit GEMMs: a row is an output pixel, a column is (ky, kx, channel), and
// the matrix is never built. With GRAD the pixels are those of the convolution's input and A is
// gathered from dy instead: that is the input gradient.
//
// a: [n, h, w, a_stride] with a_stride floats a pixel, beginning at a_offset; k channels are used.
// VEC: a holds vec4 of four channels; k, a_stride and a_offset are multiples of 4.
struct Params {
  m: u32, n: u32, k: u32, k4: u32,
  h: u32, w: u32, row_h: u32, row_w: u32,
  kh: u32, kw: u32, sh: u32, sw: u32, dh: u32, dw: u32, ph: u32, pw: u32,
  a_stride: u32, a_offset: u32,
  c_stride: u32, c_offset: u32,
  n_tiles: u32, bias: u32, activation: u32, accumulate: u32,
}
@group(0) @binding(0) var<storage, read> a: array<T>;
// b: packed by gemm_pack.wgsl. vec4 over four k: [n_tiles, kh * kw * k4, NT].
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

// Image and position of an output row; rows beyond m are clamped, their results are not stored.
struct Row { image: u32, y: i32, x: i32 }

fn row_of(index: u32) -> Row {
  let m = min(index, p.m - 1);
  let pixel = m % (p.row_h * p.row_w);
  let y = i32(pixel / p.row_w);
  let x = i32(pixel % p.row_w);
#if GRAD
  return Row(m / (p.row_h * p.row_w), y + i32(p.ph), x + i32(p.pw));
#else
  return Row(m / (p.row_h * p.row_w), y * i32(p.sh) - i32(p.ph), x * i32(p.sw) - i32(p.pw));
#endif
}

// Where the channels of a row begin under tap (ky, kx), in elements of a; -1 outside of the image.
fn row_offset(r: Row, ky: u32, kx: u32) -> i32 {
#if GRAD
  let ty = r.y - i32(ky * p.dh);
  let tx = r.x - i32(kx * p.dw);
  let y = ty / i32(p.sh);
  let x = tx / i32(p.sw);
  let inside = ty >= 0 && tx >= 0 && y * i32(p.sh) == ty && x * i32(p.sw) == tx
    && y < i32(p.h) && x < i32(p.w);
#else
  let y = r.y + i32(ky * p.dh);
  let x = r.x + i32(kx * p.dw);
  let inside = y >= 0 && x >= 0 && y < i32(p.h) && x < i32(p.w);
#endif
  let pixel = (r.image * p.h + u32(y)) * p.w + u32(x);
#if VEC
  return select(-1, i32((p.a_offset + pixel * p.a_stride) / 4), inside);
#else
  return select(-1, i32(p.a_offset + pixel * p.a_stride), inside);
#endif
}

// Channels 4*c4 .. 4*c4+3 of a row; zeros outside of the image and beyond the last channel.
fn load_a(offset: i32, c4: u32) -> vec4f {
  let inside = offset >= 0;
  let at = u32(max(offset, 0));
#if VEC
  return select(vec4f(0), a[at + c4], inside);
#else
  let k = 4 * c4;
  let last = p.k - 1;
  let v = vec4f(a[at + k], a[at + min(k + 1, last)], a[at + min(k + 2, last)], a[at + min(k + 3, last)]);
  return select(vec4f(0), v, vec4<bool>(inside) & (vec4u(k, k + 1, k + 2, k + 3) < vec4u(p.k)));
#endif
}
