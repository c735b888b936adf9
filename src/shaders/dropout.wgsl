// y[e] = x[e] * scale where the random number of element e is at least the threshold, else 0. Element
// e has component e % 4 of pcg4d(e / 4, seed_low, seed_high, 0), of which the upper 24 bits count.
// x, y: [ceil(n / 4)] vec4, beginning at vec4 number `first` of the tensor.
// Grid: items, one per vec4. The gradient is the same kernel on dy.
#include lib/items
#include lib/rng
struct Params { count: u32, first: u32, seed_low: u32, seed_high: u32, threshold: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  let bits = pcg4d(vec4u(p.first + i, p.seed_low, p.seed_high, 0)) >> vec4u(8);
  y[i] = select(vec4f(0), x[i] * p.scale, bits >= vec4u(p.threshold));
}
