// y = clamp(At m A + bias) for every tile of 4 x 4 pixels: see lib/winograd.
// Grid: one invocation per tile and four channels.
#include lib/grid
#include lib/entry
#include lib/finish
#include lib/winograd
@group(0) @binding(0) var<storage, read> m: array<vec4f>;
@group(0) @binding(1) var<storage, read> bias: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.count) { return; }
  let fours = p.channels / 4;
  let step = p.rows * fours;
  let at = place(p.tile0 + i / fours);
  // bias: as in lib/conv_rows.
  var scale = vec4f(1);
  var shift = vec4f(0);
  if (p.bias == 2) { scale = bias[fours + i % fours]; }
  if (p.bias != 0) { shift = bias[i % fours]; }
#unroll i 4
#unroll j 4
  var z$i_$j = vec4f(0);
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
  let column = p.y_stride / 4;
  let first = p.y_offset / 4 + ((at.x * p.oh + y0) * p.ow + x0) * column + i % fours;
  // Four rows, a number that the compiler does not see.
  for (var r = 0u; r < min(p.edge - 2, p.oh - y0); r++) {
    let row = first + r * p.ow * column;
#unroll j 4
    if (x0 + $j < p.ow) {
      let z = select(select(z0_$j, z1_$j, r == 1), select(z2_$j, z3_$j, r == 3), r >= 2);
      y[row + $j * column] = finish(z * scale + shift);
    }
#end
  }
}
