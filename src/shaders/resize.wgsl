// y[b, oy, ox, q] = mix of the up to four cells of x around (oy, ox), or with the flag NEAREST one
// cell; lib/resize has the coordinates.
// x: [n, h, w, c], y: [n, oh, ow, c]; T is f32, or vec4f when c is a multiple of 4 (c then counts
// vec4s). Grid: of lib/channels, pixels of y.
#include lib/channels
#include lib/resize
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(0) @binding(2) var<uniform> p: Params;

struct Place { pixel: u32, image: i32, row: Mix, column: Mix }

fn place_of(pixel: u32) -> Place {
  let line = pixel / u32(p.ow);
  let image = line / u32(p.oh);
  let row = mix_of(i32(line - image * u32(p.oh)), p.ya, p.yb, p.yd, p.h);
  let column = mix_of(i32(pixel - line * u32(p.ow)), p.xa, p.xb, p.xd, p.w);
  return Place(pixel, i32(image) * p.h, row, column);
}

fn item(place: Place, q: u32) {
  let row = place.row;
  let column = place.column;
  let image = place.image;
  let index = place.pixel * p.c + q;
  let upper_left = x[u32((image + row.lower) * p.w + column.lower) * p.c + q];
#if NEAREST
  y[index] = upper_left;
#else
  let upper_right = x[u32((image + row.lower) * p.w + column.upper) * p.c + q];
  let lower_left = x[u32((image + row.upper) * p.w + column.lower) * p.c + q];
  let lower_right = x[u32((image + row.upper) * p.w + column.upper) * p.c + q];
  let above = upper_left * (1 - column.t) + upper_right * column.t;
  let below = lower_left * (1 - column.t) + lower_right * column.t;
  y[index] = above * (1 - row.t) + below * row.t;
#endif
}
