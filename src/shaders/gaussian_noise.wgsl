// y[e] = x[e] + stddev * normal(e): Box and Muller's method on pairs of the four random numbers of
// pcg4d(e / 4, seed_low, seed_high, 2), of which the upper 24 bits count:
//   radius = sqrt(-2 log(1 - u)), normals = radius cos(2 pi v - pi), radius sin(2 pi v - pi)
// x, y: [ceil(n / 4)] vec4, beginning at vec4 number `first` of the tensor.
// Grid: items, one per vec4.
#include lib/items
#include lib/rng
struct Params { count: u32, first: u32, seed_low: u32, seed_high: u32, stddev: f32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  let bits = pcg4d(vec4u(p.first + i, p.seed_low, p.seed_high, 2)) >> vec4u(8);
  // 1 - u is in (0, 1]: its logarithm is finite.
  let u = vec4f(bits) * 0x1p-24;
  let radius = sqrt(-2 * log(1 - u.xz));
  // WGSL promises something of sin and cos only from -pi to pi.
  let angle = 6.283185307179586 * (u.yw - 0.5);
  let normals = vec4f(radius * cos(angle), radius * sin(angle));
  y[i] = x[i] + p.stddev * normals;
}
