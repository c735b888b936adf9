// What becomes of four channels of an operand where they are loaded. NORM: batch normalization and the activation
// NORM_ACTIVATION, so that their result need not be stored.
// norm: [2, channels] as vec4, what to add to each channel after multiplying it by the second row.
#include lib/math
#if NORM
fn normed(v: vec4f, c4: u32, count4: u32) -> vec4f {
  return activate(NORM_ACTIVATION, v * norm[count4 + c4] + norm[c4]);
}
#else
fn normed(v: vec4f, c4: u32, count4: u32) -> vec4f { return v; }
#endif
