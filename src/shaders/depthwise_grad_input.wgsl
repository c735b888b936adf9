// dx[n, iy, ix, q] = sum over the taps ky, kx that read this input of dy[n, oy, ox, q] * w[ky, kx, q],
//   with oy*S = iy + ph - ky, and ox alike.
//
// The input gradient of depthwise.wgsl. An invocation makes P pixels of a row (a multiple of S). Rows
// count from their padding here, t = ix + pw: then t = ox*S + kx, and which taps meet at which of the P
// pixels is known when this is compiled. BACK = (K - 1) / S of the COLS = P/S + BACK values of dy lie
// before the first pixel; the SUMS = (COLS - 1)*S + K sums cover all that these values reach, and
// those beyond the P pixels, which are never stored, are dropped by the compiler.
// Operands: lib/depthwise (x is dx, y is dy). Grid: one invocation per P pixels and T, channels fastest.
#include lib/grid
#include lib/depthwise
@group(0) @binding(0) var<storage, read> dy: array<T>;
@group(0) @binding(1) var<storage, read> w: array<T>;
@group(0) @binding(2) var<storage, read_write> dx: array<T>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.count) { return; }
  let q = index % p.c;
  var rest = index / p.c;
  let groups = (p.pw + p.iw + P - 1) / P;
  let t = rest % groups * P; rest /= groups;
  let iy = rest % p.ih;
  let image = rest / p.ih;
  let ox = i32(t / S) - BACK;
#unroll j COLS
  let inside$j = ox + $j >= 0 && ox + $j < i32(p.ow);
  let at$j = u32(select(0, ox + $j, inside$j)) * p.y_stride;
#end
#unroll i SUMS
  var sum$i = T(0);
#end
  for (var ky = 0u; ky < K; ky++) {
    let oy = (iy + p.ph - ky) / S;
    if (iy + p.ph < ky || oy * S + ky != iy + p.ph || oy >= p.oh) { continue; }
    let row = p.y_offset + (image * p.oh + oy) * p.ow * p.y_stride + q;
#unroll j COLS
    let dy$j = select(T(0), dy[row + at$j], inside$j);
#end
#unroll k K
    let w$k = w[(ky * K + $k) * p.c + q];
#unroll j COLS
    sum$[$j * S + $k] += dy$j * w$k;
#end
#end
  }
  let to = p.x_offset + (image * p.ih + iy) * p.iw * p.x_stride + q;
#unroll p P
  if (t + $p >= p.pw && t + $p < p.pw + p.iw) {
    dx[to + (t + $p - p.pw) * p.x_stride] = sum$[$p + S * BACK];
  }
#end
}
