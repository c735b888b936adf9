// y[b, oy, ox, q] = largest (flag MAX) or mean value of the window of x whose first cell is
// (oy * sy - py, ox * sx - px); cells of padding take no part.
// x: [n, h, w, c], y: [n, oh, ow, c]; T is f32, or vec4f when c is a multiple of 4 (c then counts
// vec4s). Grid: items, one per element of y, channels fastest.
#include lib/items
#include lib/pool
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(index: u32) {
  let q = index % p.c;
  var rest = index / p.c;
  let ox = rest % p.ow; rest /= p.ow;
  let oy = rest % p.oh;
  let base = (rest / p.oh) * p.h * p.w * p.c + q;
  let ys = cells(oy, p.sy, p.py, p.kh, p.h);
  let xs = cells(ox, p.sx, p.px, p.kw, p.w);
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
  y[index] = best;
#else
  y[index] = total / f32((ys.y - ys.x) * (xs.y - xs.x));
#endif
}
