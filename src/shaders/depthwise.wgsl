// y[n, oy, ox, q] = act(bias[q] + sum over ky, kx of
//   x[n, oy*S - ph + ky, ox*S - pw + kx, q] * w[ky, kx, q]).
//
// Depthwise convolution with a K x K kernel and stride S. An invocation makes P pixels of a row, so
// that what it has loaded of a row of x (COLS = (P - 1)*S + K values) serves several of them.
// Operands: lib/depthwise, bias [c]. Grid: one invocation per P pixels and T, channels fastest.
#include lib/grid
#include lib/math
#include lib/depthwise
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> w: array<T>;
@group(0) @binding(2) var<storage, read> bias: array<T>;
@group(0) @binding(3) var<storage, read_write> y: array<T>;
@group(0) @binding(4) var<uniform> p: Params;

fn finish(v: T) -> T {
#if VEC
  return activate(p.activation, v);
#else
  return activate(p.activation, vec4f(v)).x;
#endif
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.count) { return; }
  let q = index % p.c;
  var rest = index / p.c;
  let groups = (p.ow + P - 1) / P;
  let ox = rest % groups * P; rest /= groups;
  let oy = rest % p.oh;
  let image = rest / p.oh;
  let ix = i32(ox * S) - i32(p.pw);
#unroll j COLS
  let inside$j = ix + $j >= 0 && ix + $j < i32(p.iw);
  let at$j = u32(select(0, ix + $j, inside$j)) * p.x_stride;
#end
#unroll p P
  var y$p = T(0);
#end
  for (var ky = 0u; ky < K; ky++) {
    let iy = i32(oy * S + ky) - i32(p.ph);
    if (iy < 0 || iy >= i32(p.ih)) { continue; }
    let row = p.x_offset + (image * p.ih + u32(iy)) * p.iw * p.x_stride + q;
#unroll j COLS
    let x$j = select(T(0), x[row + at$j], inside$j);
#end
#unroll k K
    let w$k = w[(ky * K + $k) * p.c + q];
#unroll p P
    y$p += x$[$p * S + $k] * w$k;
#end
#end
  }
  let shift = select(T(0), bias[q], p.bias != 0);
  let to = p.y_offset + ((image * p.oh + oy) * p.ow + ox) * p.y_stride + q;
#unroll p P
  if (ox + $p < p.ow) { y[to + $p * p.y_stride] = finish(y$p + shift); }
#end
}
