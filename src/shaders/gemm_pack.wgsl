// Packs the B operand of a GEMM: b[tile, tap * k4 + q, j] = the four values k = 4q .. 4q+3 of column
// tile * NT + j under a tap, zeros beyond the edges. Afterwards the GEMM reads B strictly in order.
// w: f32, value (tap, k, n) at offset + tap * s_tap + k * s_k + n * s_n.
// b: vec4 over four k, [n_tiles, taps * k4, NT]. Grid: one invocation per vec4 of b.
#include lib/grid
struct Params {
  count: u32, n: u32, k: u32, k4: u32, taps: u32,
  s_tap: u32, s_k: u32, s_n: u32,
}
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> b: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.count) { return; }
  let step = i / NT;
  let row = step % (p.taps * p.k4);
  let n = step / (p.taps * p.k4) * NT + i % NT;
  let tap = row / p.k4;
  let k = 4 * (row % p.k4);
  let base = tap * p.s_tap + min(n, p.n - 1) * p.s_n;
  var v = vec4f(0);
  for (var q = 0u; q < 4; q++) {
    v[q] = select(0, w[base + min(k + q, p.k - 1) * p.s_k], n < p.n && k + q < p.k);
  }
  b[i] = v;
}
