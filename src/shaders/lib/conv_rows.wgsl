// The A operand of the implicit GEMMs: a row is a pixel of the result, a column is (tap, channel), and
// the matrix is never built. Row (y, x) reads pixel (y * sh + oy + ty * dh, x * sw + ox + tx * dw) under tap
// (ty, tx): steps may be negative, so that input gradients are products of the same kind.
//
// a: vec4 of four channels, [n, h, w, a_stride] with a_stride floats a pixel, beginning at a_offset; k4 vec4 are used.
// c: row (y, x) of image n is pixel (y * c_sh + c_y, x * c_sw + c_x) of [n, c_h, c_w, c_stride], beginning at
// c_offset; vec4 of four columns. All of these are multiples of 4: the host pads what is not.
// residual: where RESIDUAL, what to add before the activation, as c.
// norm: where NORM, of lib/norm_operand.
// moments: where MOMENTS, mean, spread and rest of moments.wgsl of each column of c, vec4 of [segments, 3, n]; the
// rows of a segment are those of a tile, or of a subgroup's part of it.
// lanes: of a subgroup, from the host, for loops that a compiler is not to unroll.
// A step is four k of one tap. A run makes the rows from m0 to before m. Sums over some of the steps are merged by
// gemm_merge.wgsl.
#include lib/norm_operand
#include lib/operand
#include lib/finish
struct Params {
  m0: u32, m: u32, n: u32, k4: u32, kw: u32, steps: u32,
  h: u32, w: u32, row_h: u32, row_w: u32,
  sh: i32, sw: i32, oy: i32, ox: i32, dh: i32, dw: i32,
  a_stride: u32, a_offset: u32,
  c_h: u32, c_w: u32, c_sh: u32, c_sw: u32, c_y: u32, c_x: u32, c_stride: u32, c_offset: u32,
  n_tiles: u32, fast_rows: u32, b_tile: u32, b_row: u32, b_rows: u32, b_size: u32,
  splits: u32, split_steps: u32, split_size: u32, lanes: u32, bias: u32, low: f32, high: f32,
}
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(4) var<uniform> p: Params;
#if RESIDUAL
@group(0) @binding(5) var<storage, read> residual: array<vec4f>;
#endif
#if NORM
@group(0) @binding(6) var<storage, read> norm: array<vec4f>;
#endif
#if MOMENTS
@group(0) @binding(7) var<storage, read_write> moments: array<vec4f>;
#endif

// Where a row reads under the first tap, and the pixel of c that it makes.
struct Row { image: u32, y: i32, x: i32, c: u32 }

// Rows beyond m are clamped, their results are not stored.
fn row_of(index: u32) -> Row {
  let m = min(index, p.m - 1);
  let line = m / p.row_w;
  let image = line / p.row_h;
  let y = line - image * p.row_h;
  let x = m - line * p.row_w;
  let pixel = (image * p.c_h + y * p.c_sh + p.c_y) * p.c_w + x * p.c_sw + p.c_x;
  return Row(image, i32(y) * p.sh + p.oy, i32(x) * p.sw + p.ox, pixel);
}

// Where the channels of a row begin under tap (ty, tx), in elements of a; -1 outside of the image.
fn row_offset(r: Row, ty: u32, tx: u32) -> i32 {
  let y = r.y + i32(ty) * p.dh;
  let x = r.x + i32(tx) * p.dw;
  let inside = y >= 0 && x >= 0 && y < i32(p.h) && x < i32(p.w);
  let pixel = (r.image * p.h + u32(y)) * p.w + u32(x);
  return select(-1, i32((p.a_offset + pixel * p.a_stride) / 4), inside);
}

// Channels 4*c4 .. 4*c4+3 of a row; zeros outside of the image.
fn load_a(offset: i32, c4: u32) -> vec4f {
  let value = operand4(normed(a[u32(max(offset, 0)) + c4], c4, p.k4));
  return select(vec4f(0), value, offset >= 0);
}

// bias: 0 none, 1 [n] to add, 2 [2, n]: what to add after multiplying by the second row.
// Columns n .. n+3 of it, clamped to the last one.
fn shift4(n: u32) -> vec4f {
  if (p.bias == 0) { return vec4f(0); }
  return bias4(0, n);
}

fn scale4(n: u32) -> vec4f {
  if (p.bias < 2) { return vec4f(1); }
  return bias4(p.n, n);
}

fn bias4(first: u32, n: u32) -> vec4f {
  let at = first + min(vec4u(n, n + 1, n + 2, n + 3), vec4u(p.n - 1));
  return vec4f(bias[at.x], bias[at.y], bias[at.z], bias[at.w]);
}

// Ends and stores columns n .. n+3 of a pixel; each split has a c of its own.
fn store_c(split: u32, pixel: u32, n: u32, sum: vec4f) {
  if (n < p.n) {
    let at = (p.c_offset + split * p.split_size + pixel * p.c_stride + n) / 4;
#if RESIDUAL
    c[at] = finish(sum + residual[at]);
#else
    c[at] = finish(sum);
#endif
  }
}

#if MOMENTS
fn store_moments(segment: u32, n: u32, mean: vec4f, spread: vec4f, rest: vec4f) {
  if (n < p.n) {
    let at = (segment * 3 * p.n + n) / 4;
    moments[at] = mean;
    moments[at + p.n / 4] = spread;
    moments[at + p.n / 2] = rest;
  }
}
#endif
