// y[i] = f(a[i], b[i]), f chosen by a flag, all of one shape or one of them a single number.
// a, b, y: [ceil(n / 4)] vec4. Grid: items, one per vec4.
#include lib/items
#include lib/binary
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
#if SCALAR_A
  y[i] = f(vec4f(a[0].x), b[i]);
#elif SCALAR_B
  y[i] = f(a[i], vec4f(b[0].x));
#else
  y[i] = f(a[i], b[i]);
#endif
}
