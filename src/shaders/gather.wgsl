// y[k, q] = x[indices[k], q]; NaN where the index is outside of [0, rows).
// x: [rows, c], indices: [count], y: [count, c]; T is f32, or vec4f when c is a multiple of 4 (c then
// counts vec4s). Grid: items, one per element of y.
#include lib/items
struct Params { count: u32, c: u32, rows: i32, nan: f32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  let row = indices[i / p.c];
  var value = T(p.nan);
  if (row >= 0 && row < p.rows) { value = x[u32(row) * p.c + i % p.c]; }
  y[i] = value;
}
