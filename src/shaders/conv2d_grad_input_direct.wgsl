// x[n, iy, ix, i] = act(bias[i] + sum over the taps and channels o that read this input of
//   y[n, oy, ox, o] * w[ky, kx, i, o] (+ x)), with iy = oy*sh - ph + ky*dh, and ix alike.
//
// The general kernel of the input gradient (y is dy, x is dx) and of transposed convolution (with
// bias and activation); the oracle of the fast one. Strides and offsets of pixels as in
// conv2d_direct. Grid: one invocation per input element, channels fastest.
#include lib/grid
#include lib/math
#include lib/conv_params
#include lib/operand
@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.count) { return; }
  let i = index % p.ci;
  let pixel = index / p.ci;
  let ix = i32(pixel % p.iw);
  let iy = i32(pixel / p.iw % p.ih);
  let image = pixel / p.iw / p.ih;
  let per_group = p.ci / p.groups;
  let outs = p.co / p.groups;
  let first = i / per_group * outs;
  var total = 0f;
  for (var ky = 0u; ky < p.kh; ky++) {
    let ty = iy + i32(p.ph) - i32(ky * p.dh);
    let oy = ty / i32(p.sh);
    if (ty < 0 || oy * i32(p.sh) != ty || oy >= i32(p.oh)) { continue; }
    for (var kx = 0u; kx < p.kw; kx++) {
      let tx = ix + i32(p.pw) - i32(kx * p.dw);
      let ox = tx / i32(p.sw);
      if (tx < 0 || ox * i32(p.sw) != tx || ox >= i32(p.ow)) { continue; }
      let yt = p.y_offset + ((image * p.oh + u32(oy)) * p.ow + u32(ox)) * p.y_stride + first;
      let wt = ((ky * p.kw + kx) * per_group + i % per_group) * p.co + first;
      for (var o = 0u; o < outs; o++) { total += operand(y[yt + o]) * operand(w[wt + o]); }
    }
  }
  let at = p.x_offset + pixel * p.x_stride + i;
  if (p.bias == 2) { total *= bias[p.ci + i]; }
  if (p.bias != 0) { total += bias[i]; }
  if (p.accumulate != 0) { total += x[at]; }
  x[at] = activate(p.activation, vec4f(total)).x;
}
