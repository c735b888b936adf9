// dx[b, iy, ix, q] = dy[o] where (iy, ix) is the first cell, rows before columns, that has the largest
// value of its window o; else 0.
//
// max_pool_grad for windows that do not overlap: KH x KW cells each, which is also the stride. They
// tile the image and its padding, so that an invocation loads every cell of its window once.
// Operands as in max_pool_grad. Grid: of lib/channels, pixels being tiles, also those that are no window because
// they reach beyond the image.
#include lib/channels
#include lib/pool
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> y: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read_write> dx: array<T>;
@group(0) @binding(4) var<uniform> p: Params;

struct Place { image: u32, y: u32, x: u32 }

fn place_of(tile: u32) -> Place {
  let columns = tiles(p.w, p.px, KW);
  let rows = tiles(p.h, p.py, KH);
  let row = tile / columns;
  let image = row / rows;
  return Place(image, row - image * rows, tile - row * columns);
}

fn item(place: Place, q: u32) {
  let b = place.image;
  let oy = place.y;
  let ox = place.x;
  let window = oy < p.oh && ox < p.ow;
  let o = ((b * p.oh + min(oy, p.oh - 1)) * p.ow + min(ox, p.ow - 1)) * p.c + q;
  let largest = y[o];
  // What the window has to give, until a cell takes it.
  var left = select(T(0), dy[o], window);
#unroll i KH
#unroll j KW
  {
    let iy = i32(oy * KH + $i) - i32(p.py);
    let ix = i32(ox * KW + $j) - i32(p.px);
    // Without short cuts: SwiftShader takes minutes to compile nine windows of four branches each.
    if ((iy >= 0) & (iy < i32(p.h)) & (ix >= 0) & (ix < i32(p.w))) {
      let at = ((b * p.h + u32(iy)) * p.w + u32(ix)) * p.c + q;
      let wins = x[at] == largest;
      dx[at] = select(T(0), left, wins);
      left = select(left, T(0), wins);
    }
  }
#end
#end
}
