// Coordinates of resize. Along an axis, output cell i lies at (i * a + b) / d of the input: a fraction
// of whole numbers, so that no rounding can choose another cell. h, w are cells of the input, oh, ow
// of the output; ya, yb, yd belong to rows, xa, xb, xd to columns.
struct Params {
  pixels: u32, c: u32,
  h: i32, w: i32, oh: i32, ow: i32,
  ya: i32, yb: i32, yd: i32,
  xa: i32, xb: i32, xd: i32,
}

// Output = x[lower] * (1 - t) + x[upper] * t.
struct Mix { lower: i32, upper: i32, t: f32 }

fn mix_of(i: i32, a: i32, b: i32, d: i32, size: i32) -> Mix {
  let at = i * a + b;
#if NEAREST
  return Mix(at / d, at / d, 0.0);
#else
  // Before the first cell (only half pixels): the first cell.
  if (at < 0) { return Mix(0, 0, 0.0); }
  let lower = at / d;
  return Mix(lower, min(lower + 1, size - 1), f32(at - lower * d) / f32(d));
#endif
}

// What input cell j contributes to output cell i.
fn weight(j: i32, m: Mix) -> f32 {
  return select(0.0, 1.0 - m.t, m.lower == j) + select(0.0, m.t, m.upper == j);
}

// First and last output cell that input cell j may contribute to.
fn touched(j: i32, a: i32, b: i32, d: i32, count: i32) -> vec2i {
  if (a == 0) { return vec2i(0, count - 1); }
  return vec2i(max(((j - 1) * d - b) / a, 0), min(((j + 1) * d - b) / a, count - 1));
}
