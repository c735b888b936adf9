// Pixels of the input of a pooling, and the windows that hold them.
struct Place { pixel: u32, image: u32, y: u32, x: u32, ys: vec2u, xs: vec2u }

fn place_of(pixel: u32) -> Place {
  let row = pixel / p.w;
  let image = row / p.h;
  let y = row - image * p.h;
  let x = pixel - row * p.w;
  let ys = holders(y, p.sy, p.py, p.kh, p.oh);
  return Place(pixel, image, y, x, ys, holders(x, p.sx, p.px, p.kw, p.ow));
}
