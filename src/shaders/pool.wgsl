// y[b, oy, ox, q] = largest (flag MAX) or mean value of the window of x whose first cell is
// (oy * sy - py, ox * sx - px); cells of padding take no part.
// x: [n, h, w, c], y: [n, oh, ow, c]; T is f32, or vec4f when c is a multiple of 4 (c then counts
// vec4s). Grid: of lib/channels, pixels of y.
#include lib/channels
#include lib/pool
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(0) @binding(2) var<uniform> p: Params;

// A window: where its image begins, and its cells.
struct Place { pixel: u32, image: u32, ys: vec2u, xs: vec2u }

fn place_of(pixel: u32) -> Place {
  let row = pixel / p.ow;
  let image = row / p.oh;
  let ys = cells(row - image * p.oh, p.sy, p.py, p.kh, p.h);
  let xs = cells(pixel - row * p.ow, p.sx, p.px, p.kw, p.w);
  return Place(pixel, image * p.h * p.w, ys, xs);
}

fn item(place: Place, q: u32) {
  let ys = place.ys;
  let xs = place.xs;
  let base = place.image * p.c + q;
#if MAX
  var best = x[base + (ys.x * p.w + xs.x) * p.c];
#else
  var total = T(0);
#endif
  for (var iy = ys.x; iy < ys.y; iy++) {
    for (var ix = xs.x; ix < xs.y; ix++) {
      let value = x[base + (iy * p.w + ix) * p.c];
#if MAX
      best = max(best, value);
#else
      total += value;
#endif
    }
  }
#if MAX
  y[place.pixel * p.c + q] = best;
#else
  y[place.pixel * p.c + q] = total / f32((ys.y - ys.x) * (xs.y - xs.x));
#endif
}
