// Packs the B operand of a GEMM tile by tile and step by step (four k of one tap), so that the GEMM reads
// it strictly in order; zeros beyond the edges.
// w: value (ty, tx, k, n) at offset + ty * s_ty + tx * s_tx + k * s_k + n * s_n.
// b: [tiles, steps, 4 k, NT]. MIXED: rounded, see lib/operand.
// Grid: one invocation per RUN steps of a column.
#include lib/grid
#include lib/operand
struct Params {
  count: u32, n: u32, k: u32, k4: u32, kw: u32, steps: u32,
  offset: u32, s_ty: u32, s_tx: u32, s_k: u32, s_n: u32,
}
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> b: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.count) { return; }
  let column = i % NT;
  let runs = (p.steps + RUN - 1) / RUN;
  let tile = i / NT / runs;
  let n = tile * NT + column;
  var step = i / NT % runs * RUN;
  let end = min(step + RUN, p.steps);
  let tap = step / p.k4;
  var k4 = step - tap * p.k4;
  var ty = tap / p.kw;
  var tx = tap - ty * p.kw;
  for (; step < end; step++) {
    let base = p.offset + ty * p.s_ty + tx * p.s_tx + min(n, p.n - 1) * p.s_n;
    let at = (tile * p.steps + step) * (4 * NT);
#unroll q 4
    let k$q = 4 * k4 + $q;
    let w$q = select(0, w[base + min(k$q, p.k - 1) * p.s_k], n < p.n && k$q < p.k);
#end
    let rounded = operand4(vec4f(w0, w1, w2, w3));
#unroll q 4
    b[at + $q * NT + column] = rounded[$q];
#end
    k4++;
    if (k4 == p.k4) {
      k4 = 0;
      tx++;
      if (tx == p.kw) { tx = 0; ty++; }
    }
  }
}
