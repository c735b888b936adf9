// y[n, oy, ox, o] = act(bias[o] + sum over ky, kx, i of
//   x[n, oy*sh - ph + ky*dh, ox*sw - pw + kx*dw, first(o) + i] * w[ky, kx, i, o] (+ y)).
//
// The general kernel: any stride, padding, dilation and groups; the oracle of the fast ones. A pixel
// has x_stride floats in x and y_stride in y, from x_offset and y_offset on.
// Grid: one invocation per output, channels fastest.
#include lib/grid
#include lib/math
#include lib/conv_params
#include lib/operand
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.count) { return; }
  let o = index % p.co;
  let pixel = index / p.co;
  let ox = i32(pixel % p.ow);
  let oy = i32(pixel / p.ow % p.oh);
  let image = pixel / p.ow / p.oh;
  let per_group = p.ci / p.groups;
  let first = o / (p.co / p.groups) * per_group;
  var total = 0f;
  for (var ky = 0u; ky < p.kh; ky++) {
    let iy = oy * i32(p.sh) - i32(p.ph) + i32(ky * p.dh);
    if (iy < 0 || iy >= i32(p.ih)) { continue; }
    for (var kx = 0u; kx < p.kw; kx++) {
      let ix = ox * i32(p.sw) - i32(p.pw) + i32(kx * p.dw);
      if (ix < 0 || ix >= i32(p.iw)) { continue; }
      let xt = p.x_offset + ((image * p.ih + u32(iy)) * p.iw + u32(ix)) * p.x_stride + first;
      let wt = (ky * p.kw + kx) * per_group * p.co + o;
      for (var i = 0u; i < per_group; i++) { total += operand(x[xt + i]) * operand(w[wt + i * p.co]); }
    }
  }
  let at = p.y_offset + pixel * p.y_stride + o;
  if (p.bias == 2) { total *= bias[p.co + o]; }
  if (p.bias != 0) { total += bias[o]; }
  if (p.accumulate != 0) { total += y[at]; }
  y[at] = activate(p.activation, vec4f(total)).x;
}
