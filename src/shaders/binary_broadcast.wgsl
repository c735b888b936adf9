// y[i] = f(a, b) with the operands read through strides: any broadcast of up to six dimensions.
// y: row-major [n5, n4, ..., n0], innermost n0; a, b: f32, stride 0 along repeated dimensions.
// Grid: items, one per element.
#include lib/items
#include lib/binary
struct Params {
  count: u32,
  n0: u32, n1: u32, n2: u32, n3: u32, n4: u32,
  a0: u32, a1: u32, a2: u32, a3: u32, a4: u32, a5: u32,
  b0: u32, b1: u32, b2: u32, b3: u32, b4: u32, b5: u32,
}
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  var rest = i;
  let i0 = rest % p.n0; rest /= p.n0;
  let i1 = rest % p.n1; rest /= p.n1;
  let i2 = rest % p.n2; rest /= p.n2;
  let i3 = rest % p.n3; rest /= p.n3;
  let i4 = rest % p.n4;
  let i5 = rest / p.n4;
  let at = i0 * p.a0 + i1 * p.a1 + i2 * p.a2 + i3 * p.a3 + i4 * p.a4 + i5 * p.a5;
  let bt = i0 * p.b0 + i1 * p.b1 + i2 * p.b2 + i3 * p.b3 + i4 * p.b4 + i5 * p.b5;
  y[i] = f(vec4f(a[at]), vec4f(b[bt])).x;
}
