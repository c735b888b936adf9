// y = x, bit by bit
// y, x: [ceil(n / 4)] vec4. Grid: items, one per vec4.
#include lib/items
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read_write> y: array<vec4u>;
@group(0) @binding(1) var<storage, read> x: array<vec4u>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  y[i] = x[i];
}
