// partial[s, ky, kx, q] = sum over the pixels n, oy, ox of split s of
//   x[n, oy*S - ph + ky, ox*S - pw + kx, q] * dy[n, oy, ox, q].
//
// The filter gradient of depthwise.wgsl. A strip is P columns of output pixels of one picture, a split is
// `rows` strips; a second pass adds the splits up. An invocation makes all K*K taps and walks down its
// strips: a step loads the next row of dy (dy0_..; those above it are kept) and the next S rows of x,
// COLS = (P - 1)*S + K values wide, which meet the last D = ceil(K / S) rows of dy.
// Operands: lib/depthwise (y is dy), partial [splits, K, K, c]. Grid: one invocation per split and T of
// channels, channels fastest.
#include lib/grid
#include lib/depthwise
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read_write> partial: array<T>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.count) { return; }
  let q = index % p.c;
  let split = index / p.c;
#unroll i K*K
  var sum$i = T(0);
#end
  let last = min((split + 1) * p.rows, p.blocks);
  for (var strip = split * p.rows; strip < last; strip++) {
    let image = strip / p.columns;
    let ox = strip % p.columns * P;
#unroll j COLS
    let ix$j = i32(ox * S + $j) - i32(p.pw);
    let inside$j = ix$j >= 0 && ix$j < i32(p.iw);
    let at$j = u32(select(0, ix$j, inside$j)) * p.x_stride;
#end
#unroll d D
#unroll p P
    var dy$d_$p = T(0);
#end
#end
    for (var t = 0u; t < p.oh + D - 1; t++) {
#unroll p P
#unroll d D-1
      dy$[D - 1 - $d]_$p = dy$[D - 2 - $d]_$p;
#end
#end
      let start = (image * p.oh + min(t, p.oh - 1)) * p.ow;
#unroll p P
      let dy$p = dy[p.y_offset + q + (start + min(ox + $p, p.ow - 1)) * p.y_stride];
      dy0_$p = select(T(0), dy$p, t < p.oh && ox + $p < p.ow);
#end
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
      sum$[$k * K + $l] += x$[$k % S]_$[$p * S + $l] * dy$[$k / S]_$p;
#end
#end
#end
    }
  }
#unroll i K*K
  partial[(split * K * K + $i) * p.c + q] = sum$i;
#end
}
