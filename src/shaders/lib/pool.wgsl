// Parameters of the pooling kernels, and which cells and windows meet along one axis.
struct Params {
  pixels: u32, c: u32,
  h: u32, w: u32, oh: u32, ow: u32,
  kh: u32, kw: u32, sy: u32, sx: u32, py: u32, px: u32,
}

// First cell of window o, and the one after its last, within the input.
fn cells(o: u32, stride: u32, before: u32, kernel: u32, size: u32) -> vec2u {
  let start = o * stride;
  return vec2u(max(start, before) - before, min(start + kernel, size + before) - before);
}

// First window that holds cell i, and the one after the last.
fn holders(i: u32, stride: u32, before: u32, kernel: u32, count: u32) -> vec2u {
  let at = i + before;
  let first = select(0u, (max(at, kernel) - kernel) / stride + 1, at >= kernel);
  return vec2u(first, min(at / stride + 1, count));
}

// Windows that do not overlap, whole or not, which cover an axis and the padding before it.
fn tiles(size: u32, before: u32, kernel: u32) -> u32 {
  return (size + before + kernel - 1) / kernel;
}
