// y[b, oy, ox, q] = mix of the four cells of x around the place where transform b puts (oy, ox), or
// with the flag NEAREST one cell; cells outside of x are `fill`. lib/affine has the coordinates.
// x: [n, h, w, c], transforms: [n, 6], y: [n, oh, ow, c]; T is f32, or vec4f when c is a multiple of 4
// (c then counts vec4s). Grid: one invocation per element of y, channels fastest.
#include lib/grid
#include lib/affine
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> transforms: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(0) @binding(3) var<uniform> p: Params;

fn cell(image: u32, iy: i32, ix: i32, q: u32) -> T {
  if (!exists(iy, ix)) { return T(p.fill); }
  return x[u32((i32(image) * p.h + iy) * p.w + ix) * p.c + q];
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.n) { return; }
  let q = index % p.c;
  let pixel = index / p.c;
  let row = pixel / u32(p.ow);
  let b = row / u32(p.oh);
  let at = place(b, i32(row % u32(p.oh)), i32(pixel % u32(p.ow)));
#if NEAREST
  y[index] = cell(b, at.y, at.x, q);
#else
  let above = cell(b, at.y, at.x, q) * (1 - at.tx) + cell(b, at.y, at.x + 1, q) * at.tx;
  let below = cell(b, at.y + 1, at.x, q) * (1 - at.tx) + cell(b, at.y + 1, at.x + 1, q) * at.tx;
  y[index] = above * (1 - at.ty) + below * at.ty;
#endif
}
