// dx[b, iy, ix, q] = sum of dy[b, oy, ox, q] times the weight that cell (iy, ix) has in output cell
// (oy, ox), over the output cells that it can reach; lib/resize has the coordinates.
// dy: [n, oh, ow, c], dx: [n, h, w, c]; T is f32, or vec4f when c is a multiple of 4 (c then counts
// vec4s). Grid: of lib/channels, pixels of dx.
#include lib/channels
#include lib/resize
@group(0) @binding(0) var<storage, read> dy: array<T>;
@group(0) @binding(1) var<storage, read_write> dx: array<T>;
@group(0) @binding(2) var<uniform> p: Params;

// A pixel of dx, and the output cells that it can reach.
struct Place { pixel: u32, image: i32, y: i32, x: i32, rows: vec2i, columns: vec2i }

fn place_of(pixel: u32) -> Place {
  let line = pixel / u32(p.w);
  let image = line / u32(p.h);
  let y = i32(line - image * u32(p.h));
  let x = i32(pixel - line * u32(p.w));
  let rows = touched(y, p.ya, p.yb, p.yd, p.oh);
  return Place(pixel, i32(image) * p.oh, y, x, rows, touched(x, p.xa, p.xb, p.xd, p.ow));
}

fn item(place: Place, q: u32) {
  let iy = place.y;
  let ix = place.x;
  let image = place.image;
  let rows = place.rows;
  let columns = place.columns;
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
  dx[place.pixel * p.c + q] = total;
}
