// dx[b, iy, ix, q] = sum of dy[b, oy, ox, q] times the weight that cell (iy, ix) has in output cell
// (oy, ox), over the output cells that it can reach; lib/resize has the coordinates.
// dy: [n, oh, ow, c], dx: [n, h, w, c]; T is f32, or vec4f when c is a multiple of 4 (c then counts
// vec4s). Grid: items, one per element of dx, channels fastest.
#include lib/items
#include lib/resize
@group(0) @binding(0) var<storage, read> dy: array<T>;
@group(0) @binding(1) var<storage, read_write> dx: array<T>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(index: u32) {
  let q = index % p.c;
  var rest = index / p.c;
  let ix = i32(rest % u32(p.w));
  rest /= u32(p.w);
  let iy = i32(rest % u32(p.h));
  let image = i32(rest / u32(p.h)) * p.oh;
  let rows = touched(iy, p.ya, p.yb, p.yd, p.oh);
  let columns = touched(ix, p.xa, p.xb, p.xd, p.ow);
  var total = T(0);
  for (var oy = rows.x; oy <= rows.y; oy++) {
    let down = weight(iy, mix_of(oy, p.ya, p.yb, p.yd, p.h));
    if (down == 0) { continue; }
    for (var ox = columns.x; ox <= columns.y; ox++) {
      let across = weight(ix, mix_of(ox, p.xa, p.xb, p.xd, p.w));
      if (across == 0) { continue; }
      total += dy[u32((image + oy) * p.ow + ox) * p.c + q] * (down * across);
    }
  }
  dx[index] = total;
}
