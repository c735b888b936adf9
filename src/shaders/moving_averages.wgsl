// average = average * momentum + x * (1 - momentum), in place, of two tensors at once. FINITE: not where that is an
// infinity or NaN.
// average0, average1, x0, x1: [ceil(n / 4)] vec4. Grid: items, one per vec4.
#include lib/items
struct Params { count: u32, momentum: f32, rest: f32 }
@group(0) @binding(0) var<storage, read_write> average0: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> average1: array<vec4f>;
@group(0) @binding(2) var<storage, read> x0: array<vec4f>;
@group(0) @binding(3) var<storage, read> x1: array<vec4f>;
@group(0) @binding(4) var<uniform> p: Params;

fn moved(average: vec4f, x: vec4f) -> vec4f {
  let next = average * p.momentum + x * p.rest;
#if FINITE
  let broken = (bitcast<vec4u>(next) & vec4u(0x7f800000)) == vec4u(0x7f800000);
  return select(next, average, broken);
#else
  return next;
#endif
}

fn item(i: u32) {
  average0[i] = moved(average0[i], x0[i]);
  average1[i] = moved(average1[i], x1[i]);
}
