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
  // Along y, column by column.
#unroll s 6
#unroll r 6
  let m$r_$s = m[($r * 6 + $s) * step + i];
#end
  let a$s = m1_$s + m2_$s;
  let b$s = m1_$s - m2_$s;
  let c$s = m3_$s + m4_$s;
  let d$s = m3_$s - m4_$s;
  let t0_$s = m0_$s + a$s + c$s;
  let t1_$s = b$s + 2 * d$s;
  let t2_$s = a$s + 4 * c$s;
  let t3_$s = b$s + 8 * d$s + m5_$s;
#end
  // Along x.
  let y0 = 4 * at.y;
  let x0 = 4 * at.z;
  let first = (p.y_offset + ((at.x * p.oh + y0) * p.ow + x0) * p.y_stride) + i % p.channels;
  let column = p.y_stride;
#unroll r 4
  if (y0 + $r < p.oh) {
    let row = first + $r * p.ow * column;
    let a = t$r_1 + t$r_2;
    let b = t$r_1 - t$r_2;
    let c = t$r_3 + t$r_4;
    let d = t$r_3 - t$r_4;
    y[row] = finish((t$r_0 + a + c) * scale + shift);
    if (x0 + 1 < p.ow) { y[row + column] = finish((b + 2 * d) * scale + shift); }
    if (x0 + 2 < p.ow) { y[row + 2 * column] = finish((a + 4 * c) * scale + shift); }
    if (x0 + 3 < p.ow) { y[row + 3 * column] = finish((b + 8 * d + t$r_5) * scale + shift); }
  }
#end
}

fn finish(v: f32) -> f32 {
  let least = select(v, p.low, v < p.low);
  return select(least, p.high, least > p.high);
}
