// c = act(sum_s partial[s] + bias (+ residual) (+ c)): ends a product whose steps were summed in several parts, or
// whose columns do not come in fours.
// partial: vec4 [splits, rows from m0 on, n4], split_size vec4 each. Row (y, x) of image n is pixel
// (y * c_sh + c_y, x * c_sw + c_x) of c [n, c_h, c_w, c_stride], beginning at c_offset; IN_ORDER: pixels come in
// the order of the rows. bias: as in lib/conv_rows.
// FOURS: c and bias, too, are vec4f, and n, c_stride and c_offset count these; else they are f32.
// RESIDUAL: adds residual, which is as c. ACTIVATION: as in lib/finish.
// Grid: items, one per vec4 of a split.
#include lib/items
#include lib/math
#include lib/finish
struct Params {
  count: u32, m0: u32, n: u32, n4: u32, splits: u32, split_size: u32, row_h: u32, row_w: u32,
  c_h: u32, c_w: u32, c_sh: u32, c_sw: u32, c_y: u32, c_x: u32, c_stride: u32, c_offset: u32,
  bias: u32, accumulate: u32, low: f32, high: f32,
}
#if FOURS
alias V = vec4f;
#else
alias V = f32;
#endif
@group(0) @binding(0) var<storage, read> partial: array<vec4f>;
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
  let row = i / p.n4;
  let column = i - row * p.n4;
  var sum = vec4f(0);
  for (var s = 0u; s < p.splits; s++) { sum += partial[s * p.split_size + i]; }
  let pixel = p.c_offset + pixel_of(p.m0 + row) * p.c_stride;
#if FOURS
  let at = pixel + column;
  if (p.bias == 2) { sum *= bias[p.n + column]; }
  if (p.bias != 0) { sum += bias[column]; }
  if (p.accumulate != 0) { sum += c[at]; }
#if RESIDUAL
  sum += residual[at];
#endif
  c[at] = finish(sum);
#else
  let n = min(4 * column + vec4u(0, 1, 2, 3), vec4u(p.n - 1));
  let at = pixel + n;
  if (p.bias == 2) { sum *= vec4f(bias[p.n + n.x], bias[p.n + n.y], bias[p.n + n.z], bias[p.n + n.w]); }
  if (p.bias != 0) { sum += vec4f(bias[n.x], bias[n.y], bias[n.z], bias[n.w]); }
  if (p.accumulate != 0) { sum += vec4f(c[at.x], c[at.y], c[at.z], c[at.w]); }
#if RESIDUAL
  sum += vec4f(residual[at.x], residual[at.y], residual[at.z], residual[at.w]);
#endif
  let end = finish(sum);
  c[at.x] = end.x;
  // Columns beyond n have another one's number.
  if (n.y > n.x) { c[at.y] = end.y; }
  if (n.z > n.y) { c[at.z] = end.z; }
  if (n.w > n.z) { c[at.w] = end.w; }
#endif
}
