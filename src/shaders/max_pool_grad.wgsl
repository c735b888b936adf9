// dx[b, iy, ix, q] = sum of dy[o] over the windows o whose largest value is first found at (iy, ix),
// rows before columns.
// x, dx: [n, h, w, c], y, dy: [n, oh, ow, c], y = max pool of x; T is f32, or vec4f when c is a
// multiple of 4 (c then counts vec4s).
// Grid: of lib/channels, pixels of dx.
#include lib/channels
#include lib/pool
#include lib/pool_holders
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> y: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read_write> dx: array<T>;
@group(0) @binding(4) var<uniform> p: Params;

fn item(place: Place, q: u32) {
  let ix = place.x;
  let iy = place.y;
  let x_base = place.image * p.h * p.w * p.c + q;
  let y_base = place.image * p.oh * p.ow * p.c + q;
  let ys = place.ys;
  let xs = place.xs;
  let index = place.pixel * p.c + q;
  let value = x[index];
  var total = T(0);
  for (var oy = ys.x; oy < ys.y; oy++) {
    let rows = cells(oy, p.sy, p.py, p.kh, p.h);
    for (var ox = xs.x; ox < xs.y; ox++) {
      let columns = cells(ox, p.sx, p.px, p.kw, p.w);
      let o = y_base + (oy * p.ow + ox) * p.c;
      var wins = value == y[o];
      // Whole rows before this one, then the cells before this one in its row.
      for (var jy = rows.x; jy <= iy; jy++) {
        if (!any(wins)) { break; }
        let end = select(columns.y, ix, jy == iy);
        for (var jx = columns.x; jx < end; jx++) {
          wins = wins & (x[x_base + (jy * p.w + jx) * p.c] != value);
        }
      }
      total += select(T(0), dy[o], wins);
    }
  }
  dx[index] = total;
}
