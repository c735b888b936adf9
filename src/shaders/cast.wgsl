// y[i] = x[i] as f32. x: words of four bytes (flag BYTES: uint8, lowest byte first), vec4 of int32 (INTEGERS) or f32;
// y: [ceil(n / 4)] vec4. Grid: items, one per vec4.
#include lib/items
struct Params { count: u32 }
#if BYTES
@group(0) @binding(0) var<storage, read> x: array<u32>;
#elif INTEGERS
@group(0) @binding(0) var<storage, read> x: array<vec4i>;
#else
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
#endif
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
#if BYTES
  y[i] = vec4f((vec4u(x[i]) >> vec4u(0, 8, 16, 24)) & vec4u(255));
#else
  y[i] = vec4f(x[i]);
#endif
}
