// y = the channels of x, followed by zeros up to a multiple of four.
// x: f32, pixel i at offset + i * stride. y: vec4 of four channels, [pixels, k4]. Grid: items, one per vec4 of y.
#include lib/items
struct Params { count: u32, k: u32, k4: u32, stride: u32, offset: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  let pixel = i / p.k4;
  let k = 4 * (i - pixel * p.k4);
  let at = p.offset + pixel * p.stride;
  let last = p.k - 1;
  let v = vec4f(x[at + k], x[at + min(k + 1, last)], x[at + min(k + 2, last)], x[at + min(k + 3, last)]);
  y[i] = select(vec4f(0), v, vec4u(k, k + 1, k + 2, k + 3) < vec4u(p.k));
}
