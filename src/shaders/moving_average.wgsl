// average = average * momentum + x * (1 - momentum), in place. FINITE: not where that is an infinity or NaN.
// average, x: [ceil(n / 4)] vec4. Grid: items, one per vec4.
#include lib/items
struct Params { count: u32, momentum: f32, rest: f32 }
@group(0) @binding(0) var<storage, read_write> average: array<vec4f>;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  let next = average[i] * p.momentum + x[i] * p.rest;
#if FINITE
  let broken = (bitcast<vec4u>(next) & vec4u(0x7f800000)) == vec4u(0x7f800000);
  average[i] = select(next, average[i], broken);
#else
  average[i] = next;
#endif
}
