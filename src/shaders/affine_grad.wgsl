// dx[b, iy, ix, q] = sum over the output cells of dy[b, oy, ox, q] times the weight that cell (iy, ix)
// has in them; lib/affine has the coordinates. Any output cell may use any cell of x, so one
// invocation adds up a whole channel of an image, always in the same order.
// dy: [n, oh, ow, c], transforms: [n, 6], dx: [n, h, w, c]; T is f32, or vec4f when c is a multiple of 4
// (c then counts vec4s). Grid: one invocation per image and channel, channels fastest.
#include lib/grid
#include lib/affine
@group(0) @binding(0) var<storage, read> dy: array<T>;
@group(0) @binding(1) var<storage, read> transforms: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<T>;
@group(0) @binding(3) var<uniform> p: Params;

fn give(image: u32, iy: i32, ix: i32, q: u32, value: T) {
  if (!exists(iy, ix)) { return; }
  let at = u32((i32(image) * p.h + iy) * p.w + ix) * p.c + q;
  dx[at] = dx[at] + value;
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.n) { return; }
  let q = index % p.c;
  let b = index / p.c;
  let cells = u32(p.h * p.w);
  for (var i = 0u; i < cells; i++) { dx[(b * cells + i) * p.c + q] = T(0); }
  for (var oy = 0; oy < p.oh; oy++) {
    for (var ox = 0; ox < p.ow; ox++) {
      let at = place(b, oy, ox);
      let d = dy[u32((i32(b) * p.oh + oy) * p.ow + ox) * p.c + q];
#if NEAREST
      give(b, at.y, at.x, q, d);
#else
      give(b, at.y, at.x, q, d * ((1 - at.ty) * (1 - at.tx)));
      give(b, at.y, at.x + 1, q, d * ((1 - at.ty) * at.tx));
      give(b, at.y + 1, at.x, q, d * (at.ty * (1 - at.tx)));
      give(b, at.y + 1, at.x + 1, q, d * (at.ty * at.tx));
#endif
    }
  }
}
