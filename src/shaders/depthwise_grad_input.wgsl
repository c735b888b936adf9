// dx[n, iy, ix, q] = sum over the taps ky, kx that read this input of dy[n, oy, ox, q] * w[ky, kx, q],
//   with oy*S = iy + ph - ky, and ox alike.
//
// The input gradient of depthwise.wgsl. An invocation walks down P columns of dx and makes `rows`
// rows of them (both multiples of S). Rows and columns count from their padding here, u = iy + ph and
// v = ix + pw: then v = ox*S + kx, and which taps and pixels meet is known when this is compiled. A
// step loads the next row of dy, COLS = P/S + BACK values wide of which BACK = (K - 1) / S lie before
// the first pixel, once for the K rows of sums dx0_.. to dx[K - 1]_.. that it belongs to; the first S of
// them are complete then.
// Operands: lib/depthwise (x is dx, y is dy). Grid: one invocation per P columns, `rows` rows and T of
// channels, channels fastest.
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
  let v = rest % p.columns * P; rest /= p.columns;
  let u = rest % p.blocks * p.rows;
  let image = rest / p.blocks;
#unroll i K*K
  let w$i = w[$i * p.c + q];
#end
#unroll j COLS
  let ox$j = i32(v / S + $j) - BACK;
  let inside$j = ox$j >= 0 && ox$j < i32(p.ow);
  let at$j = u32(select(0, ox$j, inside$j)) * p.y_stride;
#end
#unroll k K
#unroll p P
  var dx$k_$p = T(0);
#end
#end
  let steps = p.rows / S + BACK;
  for (var t = 0u; t < steps; t++) {
    let oy = i32(u / S + t) - BACK;
    let valid = oy >= 0 && oy < i32(p.oh);
    let row = p.y_offset + q + (image * p.oh + u32(select(0, oy, valid))) * p.ow * p.y_stride;
#unroll j COLS
    let dy$j = select(T(0), dy[row + at$j], inside$j && valid);
#end
#unroll k K
#unroll l K
#unroll m P/S
    dx$k_$[$m * S + $l % S] += dy$[BACK + $m - $l / S] * w$[$k * K + $l];
#end
#end
#end
#unroll s S
    let iy$s = i32(u + t * S + $s) - i32(BACK * S + p.ph);
    if (t >= BACK && iy$s >= 0 && iy$s < i32(p.ih)) {
      let to = p.x_offset + q + (image * p.ih + u32(iy$s)) * p.iw * p.x_stride;
#unroll p P
      let ix$p = i32(v + $p) - i32(p.pw);
      if (ix$p >= 0 && ix$p < i32(p.iw)) { dx[to + u32(ix$p) * p.x_stride] = dx$s_$p; }
#end
    }
#end
#unroll p P
#unroll k K-S
    dx$k_$p = dx$[$k + S]_$p;
#end
#unroll s S
    dx$[K - S + $s]_$p = T(0);
#end
#end
  }
}
