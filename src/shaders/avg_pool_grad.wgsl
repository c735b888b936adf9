// dx[b, iy, ix, q] = sum of dy[o] / (cells of window o) over the windows o that hold (iy, ix).
// dy: [n, oh, ow, c], dx: [n, h, w, c]; T is f32, or vec4f when c is a multiple of 4 (c then counts
// vec4s). Grid: items, one per element of dx, channels fastest.
#include lib/items
#include lib/pool
@group(0) @binding(0) var<storage, read> dy: array<T>;
@group(0) @binding(1) var<storage, read_write> dx: array<T>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(index: u32) {
  let q = index % p.c;
  var rest = index / p.c;
  let ix = rest % p.w; rest /= p.w;
  let iy = rest % p.h;
  let base = (rest / p.h) * p.oh * p.ow * p.c + q;
  let ys = holders(iy, p.sy, p.py, p.kh, p.oh);
  let xs = holders(ix, p.sx, p.px, p.kw, p.ow);
  var total = T(0);
  for (var oy = ys.x; oy < ys.y; oy++) {
    let rows = cells(oy, p.sy, p.py, p.kh, p.h);
    for (var ox = xs.x; ox < xs.y; ox++) {
      let columns = cells(ox, p.sx, p.px, p.kw, p.w);
      let count = (rows.y - rows.x) * (columns.y - columns.x);
      total += dy[base + (oy * p.ow + ox) * p.c] / f32(count);
    }
  }
  dx[index] = total;
}
