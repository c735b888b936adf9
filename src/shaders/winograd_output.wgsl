// y = clamp(At m A + bias) for every tile of 4 x 4 pixels: see lib/winograd.
// Grid: one invocation per tile and channel.
#include lib/grid
#include lib/winograd
@group(0) @binding(0) var<storage, read> m: array<f32>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.count) { return; }
  let step = p.rows * p.channels;
  let at = place(p.tile0 + i / p.channels);
  // bias: as in lib/conv_rows.
  var scale = 1.0;
  var shift = 0.0;
  if (p.bias == 2) { scale = bias[p.channels + i % p.channels]; }
  if (p.bias != 0) { shift = bias[i % p.channels]; }
#unroll i 4
#unroll j 4
  var z$i_$j = 0.0;
#end
#end
  // Of each column the transform along y, times the column of At that belongs to it.
  for (var s = 0u; s < p.edge; s++) {
#unroll r 6
    let m$r = m[($r * 6 + s) * step + i];
#end
    let a = m1 + m2;
    let b = m1 - m2;
    let c = m3 + m4;
    let d = m3 - m4;
    let t0 = m0 + a + c;
    let t1 = b + 2 * d;
    let t2 = a + 4 * c;
    let t3 = b + 8 * d + m5;
    let c0 = entry(s, 1, 1, 1, 1, 1, 0);
    let c1 = entry(s, 0, 1, -1, 2, -2, 0);
    let c2 = entry(s, 0, 1, 1, 4, 4, 0);
    let c3 = entry(s, 0, 1, -1, 8, -8, 1);
#unroll i 4
#unroll j 4
    z$i_$j += c$j * t$i;
#end
#end
  }
  let y0 = 4 * at.y;
  let x0 = 4 * at.z;
  let first = (p.y_offset + ((at.x * p.oh + y0) * p.ow + x0) * p.y_stride) + i % p.channels;
  let column = p.y_stride;
#unroll i 4
  if (y0 + $i < p.oh) {
    let row = first + $i * p.ow * column;
#unroll j 4
    if (x0 + $j < p.ow) { y[row + $j * column] = finish(z$i_$j * scale + shift); }
#end
  }
#end
}

fn finish(v: f32) -> f32 {
  let least = select(v, p.low, v < p.low);
  return select(least, p.high, least > p.high);
}
