// Where an output cell of an affine map lies in the input, by the rules of TensorFlow's
// ImageProjectiveTransformV3. h, w are cells of the input, oh, ow of the output; `first` is the image
// that a window begins with.
struct Params { n: u32, c: u32, first: u32, h: i32, w: i32, oh: i32, ow: i32, fill: f32 }

// Brings a coordinate outside of the image back into it; FILL_CONSTANT leaves it outside.
fn inside(at: f32, size: i32) -> f32 {
  let last = f32(size - 1);
  let n = f32(size);
#if FILL_CONSTANT
  return at;
#elif FILL_NEAREST
  return clamp(at, 0, last);
#elif FILL_REFLECT
  // dcba|abcd|dcba, with the period 2n.
  var c = at;
  if (c < 0) {
    c += 2 * n * trunc(-c / (2 * n));
    c = select(-c - 1, c + 2 * n, c < -n);
  } else if (c > last) {
    c -= 2 * n * trunc(c / (2 * n));
    if (c >= n) { c = 2 * n - c - 1; }
  }
  return clamp(c, 0, last);
#elif FILL_WRAP
  // abcd|abcd|abcd; that n - 1 divides, and not n, is TensorFlow's rule.
  if (size == 1) { return 0; }
  var c = at;
  if (c < 0) {
    c += n * (trunc(-c / last) + 1);
  } else if (c > last) {
    c -= n * trunc(c / last);
  }
  return clamp(c, 0, last);
#endif
}

// Output = the mix of cells (y, x) to (y + 1, x + 1) by ty, tx; with the flag NEAREST, cell (y, x).
struct Place { y: i32, x: i32, ty: f32, tx: f32 }

fn place(image: u32, oy: i32, ox: i32) -> Place {
  let t = (p.first + image) * 6;
  let u = f32(ox);
  let v = f32(oy);
  let x = inside(transforms[t] * u + transforms[t + 1] * v + transforms[t + 2], p.w);
  let y = inside(transforms[t + 3] * u + transforms[t + 4] * v + transforms[t + 5], p.h);
#if NEAREST
  return Place(rounded(y), rounded(x), 0, 0);
#else
  return Place(i32(floor(y)), i32(floor(x)), y - floor(y), x - floor(x));
#endif
}

// Halves away from 0.
fn rounded(v: f32) -> i32 {
  let whole = trunc(v);
  return i32(whole + select(0, sign(v), abs(v - whole) >= 0.5));
}

fn exists(y: i32, x: i32) -> bool { return y >= 0 && y < p.h && x >= 0 && x < p.w; }
