// y[n, oy, ox, q] = act(bias[q] + sum over ky, kx of
//   x[n, oy*S - ph + ky, ox*S - pw + kx, q] * w[ky, kx, q]).
//
// Depthwise convolution with a K x K kernel and stride S. An invocation walks down P columns of y and
// makes `rows` rows of them. Step t loads the next S rows of x, COLS = (P - 1)*S + K values wide, once
// for all sums that they belong to: row t of y, which begins, and the D - 1 = ceil(K / S) - 1 rows above
// it. The sums y0_.. are those of row t, y1_.. those of the row above; the last are complete then.
// ACTIVATION: its number in lib/math, compiled in because software adapters run all cases of a switch.
// Operands: lib/depthwise, bias [c]. Grid: one invocation per P columns, `rows` rows and T of channels,
// channels fastest.
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
  return activate(ACTIVATION, v);
#else
  return activate(ACTIVATION, vec4f(v)).x;
#endif
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.count) { return; }
  let q = index % p.c;
  var rest = index / p.c;
  let ox = rest % p.columns * P; rest /= p.columns;
  let oy = rest % p.blocks * p.rows;
  let image = rest / p.blocks;
#unroll i K*K
  let w$i = w[$i * p.c + q];
#end
  // bias: as in lib/conv_rows.
  let scale = select(T(1), bias[select(q, p.c + q, p.bias == 2)], p.bias == 2);
  let shift = select(T(0), bias[q], p.bias != 0);
#unroll j COLS
  let ix$j = i32(ox * S + $j) - i32(p.pw);
  let inside$j = ix$j >= 0 && ix$j < i32(p.iw);
  let at$j = u32(select(0, ix$j, inside$j)) * p.x_stride;
#end
#unroll d D
#unroll p P
  var y$d_$p = T(0);
#end
#end
  let end = min(oy + p.rows, p.oh);
  for (var t = oy; t < end + D - 1; t++) {
#unroll s S
    let iy$s = i32(t * S + $s) - i32(p.ph);
    let valid$s = iy$s >= 0 && iy$s < i32(p.ih);
    let row$s = p.x_offset + q +
      (image * p.ih + u32(select(0, iy$s, valid$s))) * p.iw * p.x_stride;
#unroll j COLS
    let x$s_$j = select(T(0), x[row$s + at$j], inside$j && valid$s);
#end
#end
#unroll k K
#unroll l K
#unroll p P
    y$[$k / S]_$p += x$[$k % S]_$[$p * S + $l] * w$[$k * K + $l];
#end
#end
#end
    if (t >= oy + D - 1) {
      let to = p.y_offset + ((image * p.oh + t - (D - 1)) * p.ow + ox) * p.y_stride + q;
#unroll p P
      if (ox + $p < p.ow) { y[to + $p * p.y_stride] = finish(y$[D - 1]_$p * scale + shift); }
#end
    }
#unroll p P
#unroll d D-1
    y$[D - 1 - $d]_$p = y$[D - 2 - $d]_$p;
#end
    y0_$p = T(0);
#end
  }
}
