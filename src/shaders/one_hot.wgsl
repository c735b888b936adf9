// y[k, q] = 1 where indices[k] = q, else 0.
// indices: [count], y: [count, depth]. Grid: items, one per element of y.
#include lib/items
struct Params { count: u32, depth: u32 }
@group(0) @binding(0) var<storage, read> indices: array<i32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  y[i] = select(0.0, 1.0, indices[i / p.depth] == i32(i % p.depth));
}
