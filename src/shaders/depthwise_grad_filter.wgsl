// partial[s, ky, kx, q] = sum over the pixels n, oy, ox of split s of
//   x[n, oy*S - ph + ky, ox*S - pw + kx, q] * dy[n, oy, ox, q].
//
// The filter gradient of depthwise.wgsl. A split is rows_per_split rows of output pixels, of all pictures; a
// second pass adds the splits up. An invocation makes all K*K taps, P pixels at a time, so that each
// value serves several of them: COLS = (P - 1)*S + K values of a row of x.
// Operands: lib/depthwise (y is dy), partial [splits, K, K, c]. Grid: one invocation per split and T, channels fastest.
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
  let last = min((split + 1) * p.rows_per_split, p.batch * p.oh);
  for (var row = split * p.rows_per_split; row < last; row++) {
    let image = row / p.oh;
    let iy = i32(row % p.oh * S) - i32(p.ph);
    for (var ox = 0u; ox < p.ow; ox += P) {
      let start = p.y_offset + (row * p.ow + ox) * p.y_stride + q;
#unroll p P
      let dy$p = select(T(0), dy[start + min($p, p.ow - 1 - ox) * p.y_stride], ox + $p < p.ow);
#end
      let ix = i32(ox * S) - i32(p.pw);
#unroll j COLS
      let inside$j = ix + $j >= 0 && ix + $j < i32(p.iw);
      let at$j = u32(select(0, ix + $j, inside$j)) * p.x_stride;
#end
#unroll y K
      if (iy + $y >= 0 && iy + $y < i32(p.ih)) {
        let top = p.x_offset + (image * p.ih + u32(iy + $y)) * p.iw * p.x_stride + q;
#unroll j COLS
        let x$j = select(T(0), x[top + at$j], inside$j);
#end
#unroll k K
#unroll p P
        sum$[$y * K + $k] += x$[$p * S + $k] * dy$p;
#end
#end
      }
#end
    }
  }
#unroll i K*K
  partial[(split * K * K + $i) * p.c + q] = sum$i;
#end
}
