// y = act(a + b), vec4 of any tensors of one size. Grid: items, one per vec4.
#include lib/items
#include lib/math
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  y[i] = activate(ACTIVATION, a[i] + b[i]);
}
