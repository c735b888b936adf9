// v = Bt x B for every tile of 6 x 6 pixels, zero beyond the edges: see lib/winograd.
// Grid: one invocation per tile and four channels.
#include lib/grid
#include lib/entry
#include lib/winograd
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.count) { return; }
  let fours = p.channels / 4;
  let at = place(p.tile0 + i / fours);
  let y0 = 4 * i32(at.y) + p.oy;
  let x0 = 4 * i32(at.z) + p.ox;
  let column = i32(p.x_stride / 4);
  let pixel = (i32(at.x * p.ih) + y0) * i32(p.iw) + x0;
  let first = i32(p.x_offset / 4 + i % fours) + pixel * column;
#unroll s 6
  let in$s = x0 + $s >= 0 && x0 + $s < i32(p.iw);
#end
#unroll i 6
#unroll s 6
  var z$i_$s = vec4f(0);
#end
#end
  // Of each row of the image the transform along x, times the column of Bt that belongs to it.
  for (var r = u32(max(0, -y0)); i32(r) < min(i32(p.edge), i32(p.ih) - y0); r++) {
    let row = first + i32(r) * i32(p.iw) * column;
#unroll s 6
    let d$s = select(vec4f(0), x[u32(max(row + $s * column, 0))], in$s);
#end
    let a = d4 - 4 * d2;
    let b = d3 - 4 * d1;
    let e = d4 - d2;
    let f = 2 * (d3 - d1);
    let t0 = 4 * d0 - 5 * d2 + d4;
    let t1 = a + b;
    let t2 = a - b;
    let t3 = e + f;
    let t4 = e - f;
    let t5 = 4 * d1 - 5 * d3 + d5;
    let c0 = entry(r, 4, 0, -5, 0, 1, 0);
    let c1 = entry(r, 0, -4, -4, 1, 1, 0);
    let c2 = entry(r, 0, 4, -4, -1, 1, 0);
    let c3 = entry(r, 0, -2, -1, 2, 1, 0);
    let c4 = entry(r, 0, 2, -1, -2, 1, 0);
    let c5 = entry(r, 0, 4, 0, -5, 0, 1);
#unroll i 6
#unroll s 6
    z$i_$s += c$i * t$s;
#end
#end
  }
  let step = p.rows * fours;
  for (var r = 0u; r < p.edge; r++) {
#unroll s 6
    v[(6 * r + $s) * step + i] = entry4(r, z0_$s, z1_$s, z2_$s, z3_$s, z4_$s, z5_$s);
#end
  }
}
