// product *= now, in place: the momentums of all steps so far. product: [1] in a vec4.
// LOSS_SCALE: but not in a step with an overflow.
// Grid: items, one. Source: Keras 3, optimizers/nadam.py.
#include lib/items
struct Params { count: u32, now: f32 }
@group(0) @binding(0) var<storage, read_write> product: array<vec4f>;
@group(0) @binding(1) var<uniform> p: Params;
#if LOSS_SCALE
@group(0) @binding(2) var<storage, read> overflow: array<u32>;
#endif

fn item(i: u32) {
#if LOSS_SCALE
  if (overflow[0] != 0) { return; }
#endif
  product[i] *= p.now;
}
