// y[i] = value
// y: [ceil(n / 4)] vec4. Grid: items, one per vec4.
#include lib/items
struct Params { count: u32, value: f32 }
@group(0) @binding(0) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(1) var<uniform> p: Params;

fn item(i: u32) {
  y[i] = vec4f(p.value);
}
