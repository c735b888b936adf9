// c = act(sum_s partial[s] + bias (+ residual) (+ c)): ends a product whose steps were summed in several parts, or
// whose columns do not come in fours.
// partial: [splits, rows from m0 on, stride], split_size floats each. Row (y, x) of image n is pixel
// (y * c_sh + c_y, x * c_sw + c_x) of c [n, c_h, c_w, c_stride], beginning at c_offset; IN_ORDER: pixels come in
// the order of the rows. bias: as in lib/conv_rows.
// V: what an invocation makes: with FOURS a vec4f, where all of these come in fours; else an f32. count, n, stride,
// split_size, c_stride and c_offset count in V.
// RESIDUAL: adds residual, which is as c. ACTIVATION: as in lib/finish.
// Grid: items, one per V of the result.
#include lib/items
#include lib/math
#include lib/finish
struct Params {
  count: u32, m0: u32, n: u32, stride: u32, splits: u32, split_size: u32, row_h: u32, row_w: u32,
  c_h: u32, c_w: u32, c_sh: u32, c_sw: u32, c_y: u32, c_x: u32, c_stride: u32, c_offset: u32,
  bias: u32, accumulate: u32, low: f32, high: f32,
}
@group(0) @binding(0) var<storage, read> partial: array<V>;
@group(0) @binding(1) var<storage, read> bias: array<V>;
@group(0) @binding(2) var<storage, read_write> c: array<V>;
@group(0) @binding(3) var<uniform> p: Params;
#if RESIDUAL
@group(0) @binding(4) var<storage, read> residual: array<V>;
#endif

fn pixel_of(row: u32) -> u32 {
#if IN_ORDER
  return row;
#else
  let line = row / p.row_w;
  let x = row - line * p.row_w;
  let image = line / p.row_h;
  let y = line - image * p.row_h;
  return (image * p.c_h + y * p.c_sh + p.c_y) * p.c_w + x * p.c_sw + p.c_x;
#endif
}

fn item(i: u32) {
  let row = i / p.n;
  let n = i - row * p.n;
  var sum = V(0);
  for (var s = 0u; s < p.splits; s++) { sum += partial[s * p.split_size + row * p.stride + n]; }
  let at = p.c_offset + pixel_of(p.m0 + row) * p.c_stride + n;
  if (p.bias == 2) { sum *= bias[p.n + n]; }
  if (p.bias != 0) { sum += bias[n]; }
  if (p.accumulate != 0) { sum += c[at]; }
#if RESIDUAL
  sum += residual[at];
#endif
#if FOURS
  c[at] = finish(sum);
#else
  c[at] = finish(vec4f(sum)).x;
#endif
}
