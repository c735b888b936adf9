// y[line, ox, (tx, c)] = x[line, ox * sw - pw + tx * dw, c], 0 outside of the line: the values under a row of taps
// one after the other, with zeros up to a multiple of four. For few channels, which alone would not fill a vec4.
// x: f32, [lines, w] pixels of `stride` floats, beginning at `offset`. y: vec4, [lines, ow, k4], of which kw * c
// floats are used. C: the channels, c. Grid: items, one per vec4 of y.
#include lib/items
struct Params {
  count: u32, w: u32, ow: u32, kw: u32, k4: u32, sw: u32, pw: u32, dw: u32, stride: u32, offset: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  let pixel = i / p.k4;
  let line = pixel / p.ow;
  let ox = pixel - line * p.ow;
  let k = 4 * (i - pixel * p.k4) + vec4u(0, 1, 2, 3);
  let tx = k / C;
  // Beyond the left edge the difference wraps around: it is large, too.
  let ix = ox * p.sw + tx * p.dw - p.pw;
  let inside = (tx < vec4u(p.kw)) & (ix < vec4u(p.w));
  let at = p.offset + (line * p.w + select(vec4u(0), ix, inside)) * p.stride + k - tx * C;
  y[i] = select(vec4f(0), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
}
