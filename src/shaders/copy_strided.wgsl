// y[yOffset + sum(i_d * y_d)] = x[xOffset + sum(i_d * x_d)] over a box of D dimensions, n0 innermost:
// transpose, slice, concat, pad, broadcast as one copy. V is u32, or vec4u where both sides lie in fours
// (everything then counts vec4s). Words of 32 bits, whatever they mean.
// Grid: items, one per V of the box.
#include lib/items
struct Params {
  count: u32,
  n0: u32, n1: u32, n2: u32, n3: u32, n4: u32,
  x0: u32, x1: u32, x2: u32, x3: u32, x4: u32, x5: u32,
  y0: u32, y1: u32, y2: u32, y3: u32, y4: u32, y5: u32,
  x_offset: u32, y_offset: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> y: array<V>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  var rest = i;
  var source = p.x_offset;
  var sink = p.y_offset;
#unroll d D-1
  let i$d = rest % p.n$d;
  rest /= p.n$d;
  source += i$d * p.x$d;
  sink += i$d * p.y$d;
#end
  y[sink + rest * p.y$[D - 1]] = x[source + rest * p.x$[D - 1]];
}
