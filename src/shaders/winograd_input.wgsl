// v = Bt x B for every tile of 6 x 6 pixels, zero beyond the edges: see lib/winograd.
// Grid: one invocation per tile and channel.
#include lib/grid
#include lib/winograd
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> v: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.count) { return; }
  let at = place(p.tile0 + i / p.channels);
  let y0 = 4 * i32(at.y) + p.oy;
  let x0 = 4 * i32(at.z) + p.ox;
  let first = (i32(p.x_offset) + ((i32(at.x * p.ih) + y0) * i32(p.iw) + x0) * i32(p.x_stride)) + i32(i % p.channels);
  let column = i32(p.x_stride);
#unroll s 6
  let in$s = x0 + $s >= 0 && x0 + $s < i32(p.iw);
#end
  // Along x, row by row: t row = x row B.
#unroll r 6
  let in_row$r = y0 + $r >= 0 && y0 + $r < i32(p.ih);
  let row$r = first + $r * i32(p.iw) * column;
#unroll s 6
  let d$r_$s = select(0.0, x[u32(max(row$r + $s * column, 0))], in_row$r && in$s);
#end
  let a$r = d$r_4 - 4 * d$r_2;
  let b$r = d$r_3 - 4 * d$r_1;
  let e$r = d$r_4 - d$r_2;
  let f$r = 2 * (d$r_3 - d$r_1);
  let t$r_0 = 4 * d$r_0 - 5 * d$r_2 + d$r_4;
  let t$r_1 = a$r + b$r;
  let t$r_2 = a$r - b$r;
  let t$r_3 = e$r + f$r;
  let t$r_4 = e$r - f$r;
  let t$r_5 = 4 * d$r_1 - 5 * d$r_3 + d$r_5;
#end
  // Along y.
  let step = p.rows * p.channels;
#unroll s 6
  {
    let a = t4_$s - 4 * t2_$s;
    let b = t3_$s - 4 * t1_$s;
    let e = t4_$s - t2_$s;
    let f = 2 * (t3_$s - t1_$s);
    v[$s * step + i] = 4 * t0_$s - 5 * t2_$s + t4_$s;
    v[(6 + $s) * step + i] = a + b;
    v[(12 + $s) * step + i] = a - b;
    v[(18 + $s) * step + i] = e + f;
    v[(24 + $s) * step + i] = e - f;
    v[(30 + $s) * step + i] = 4 * t1_$s - 5 * t3_$s + t5_$s;
  }
#end
}
