// Packs the B operand of a GEMM tile by tile and step by step (four k of one tap), so that the GEMM reads
// it strictly in order; zeros beyond the edges.
// w: value (ty, tx, k, n) at offset + ty * s_ty + tx * s_tx + k * s_k + n * s_n.
// b: [4 k, NT] a step. Windows of `window` floats, each of tiles_per_window tiles or steps_per_window steps of one.
// MIXED: rounded, see lib/operand.
// Grid: one invocation per RUN steps of a column.
#include lib/grid
#include lib/operand
struct Params {
  count: u32, n: u32, k: u32, k4: u32, kw: u32, steps: u32,
  tiles_per_window: u32, steps_per_window: u32, windows_per_tile: u32, window: u32,
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
  // Where the step lies among those of its window.
  var window = tile / p.tiles_per_window * p.windows_per_tile + step / p.steps_per_window;
  var in_window = step % p.steps_per_window;
  let tile_at = tile % p.tiles_per_window * p.steps;
  for (; step < end; step++) {
    let base = p.offset + ty * p.s_ty + tx * p.s_tx + min(n, p.n - 1) * p.s_n;
    let at = window * p.window + (tile_at + in_window) * (4 * NT);
#unroll q 4
    {
      let k = 4 * k4 + $q;
      let v = select(0, operand(w[base + min(k, p.k - 1) * p.s_k]), n < p.n && k < p.k);
      b[at + $q * NT + column] = v;
    }
#end
    k4++;
    if (k4 == p.k4) {
      k4 = 0;
      tx++;
      if (tx == p.kw) { tx = 0; ty++; }
    }
    in_window++;
    if (in_window == p.steps_per_window) { in_window = 0; window++; }
  }
}
