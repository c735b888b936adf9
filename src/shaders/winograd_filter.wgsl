// u = G w Gt of every pair of channels, packed as the B operands of 36 matrix products.
// w: value (ky, kx, k, n) at offset + ky * s_ty + kx * s_tx + k * s_k + n * s_n; steps may be negative, so that
//    the filter can be turned. Columns beyond n are zero.
// u: [36, tiles, k, NT], as gemm_pack writes it. edge: 6, from the host, as in lib/winograd.
// Grid: one invocation per position of w.
#include lib/grid
#include lib/entry
struct Params {
  count: u32, edge: u32, n: u32, rows: u32,
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
  for (var r = 0u; r < p.edge; r++) {
#unroll s 3
    let t$s = entry(r, t0_$s, t1_$s, t2_$s, t3_$s, t4_$s, t5_$s);
#end
    let a = t0 + t2;
    let b = t0 + 4 * t2;
    let at = 6 * r * p.count + i;
    u[at] = t0 / 4;
    u[at + p.count] = -(a + t1) / 6;
    u[at + 2 * p.count] = -(a - t1) / 6;
    u[at + 3 * p.count] = (b + 2 * t1) / 24;
    u[at + 4 * p.count] = (b - 2 * t1) / 24;
    u[at + 5 * p.count] = t2;
  }
}
