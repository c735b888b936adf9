// u = G w Gt of every pair of channels, packed as the B operands of 36 matrix products.
// w: value (ky, kx, k, n) at offset + ky * s_ty + kx * s_tx + k * s_k + n * s_n; steps may be negative, so that
//    the filter can be turned. Columns beyond n are zero.
// u: [36, tiles, k, NT], as gemm_pack writes it.
// Grid: one invocation per position of w.
#include lib/grid
struct Params {
  count: u32, n: u32, rows: u32,
  offset: i32, s_ty: i32, s_tx: i32, s_k: i32, s_n: i32,
}
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> u: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.count) { return; }
  let column = i % NT;
  let k = i / NT % p.rows;
  let tile = i / NT / p.rows;
  let n = tile * NT + column;
  let base = p.offset + i32(k) * p.s_k + i32(min(n, p.n - 1)) * p.s_n;
  let inside = select(0.0, 1.0, n < p.n);
  // Along y: t = G w.
#unroll s 3
#unroll r 3
  let w$r_$s = inside * w[u32(base + $r * p.s_ty + $s * p.s_tx)];
#end
  let a$s = w0_$s + w2_$s;
  let b$s = w0_$s + 4 * w2_$s;
  let t0_$s = w0_$s / 4;
  let t1_$s = -(a$s + w1_$s) / 6;
  let t2_$s = -(a$s - w1_$s) / 6;
  let t3_$s = (b$s + 2 * w1_$s) / 24;
  let t4_$s = (b$s - 2 * w1_$s) / 24;
  let t5_$s = w2_$s;
#end
#unroll r 6
  {
    let a = t$r_0 + t$r_2;
    let b = t$r_0 + 4 * t$r_2;
    u[(6 * $r) * p.count + i] = t$r_0 / 4;
    u[(6 * $r + 1) * p.count + i] = -(a + t$r_1) / 6;
    u[(6 * $r + 2) * p.count + i] = -(a - t$r_1) / 6;
    u[(6 * $r + 3) * p.count + i] = (b + 2 * t$r_1) / 24;
    u[(6 * $r + 4) * p.count + i] = (b - 2 * t$r_1) / 24;
    u[(6 * $r + 5) * p.count + i] = t$r_2;
  }
#end
}
