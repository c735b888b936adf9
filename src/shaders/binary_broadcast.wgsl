// y[i] = f(a[sum(i_d * a_d)], b[sum(i_d * b_d)]) over D dimensions, n0 innermost: any broadcast.
// y: row-major; a, b: stride 0 along repeated dimensions. A, B, Y: f32; where y lies in fours along n0, Y is vec4f, and
// so is what does not repeat there (its strides then count vec4s).
// Grid: items, one per Y.
#include lib/items
#include lib/binary
struct Params {
  count: u32,
  n0: u32, n1: u32, n2: u32, n3: u32, n4: u32,
  a0: u32, a1: u32, a2: u32, a3: u32, a4: u32, a5: u32,
  b0: u32, b1: u32, b2: u32, b3: u32, b4: u32, b5: u32,
}
@group(0) @binding(0) var<storage, read> a: array<A>;
@group(0) @binding(1) var<storage, read> b: array<B>;
@group(0) @binding(2) var<storage, read_write> y: array<Y>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  var rest = i;
  var at = 0u;
  var bt = 0u;
#unroll d D-1
  let i$d = rest % p.n$d;
  rest /= p.n$d;
  at += i$d * p.a$d;
  bt += i$d * p.b$d;
#end
  at += rest * p.a$[D - 1];
  bt += rest * p.b$[D - 1];
  let v = f(vec4f(a[at]), vec4f(b[bt]));
#if FOURS
  y[i] = v;
#else
  y[i] = v.x;
#endif
}
