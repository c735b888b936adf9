// dx[b, iy, ix, q] = sum of dy[o] / (cells of window o) over the windows o that hold (iy, ix).
// dy: [n, oh, ow, c], dx: [n, h, w, c]; T is f32, or vec4f when c is a multiple of 4 (c then counts
// vec4s). Grid: of lib/channels, pixels of dx.
#include lib/channels
#include lib/pool
#include lib/pool_holders
@group(0) @binding(0) var<storage, read> dy: array<T>;
@group(0) @binding(1) var<storage, read_write> dx: array<T>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(place: Place, q: u32) {
  let ys = place.ys;
  let xs = place.xs;
  let base = place.image * p.oh * p.ow * p.c + q;
  var total = T(0);
  for (var oy = ys.x; oy < ys.y; oy++) {
    let rows = cells(oy, p.sy, p.py, p.kh, p.h);
    for (var ox = xs.x; ox < xs.y; ox++) {
      let columns = cells(ox, p.sx, p.px, p.kw, p.w);
      let count = (rows.y - rows.x) * (columns.y - columns.x);
      total += dy[base + (oy * p.ow + ox) * p.c] / f32(count);
    }
  }
  dx[place.pixel * p.c + q] = total;
}
