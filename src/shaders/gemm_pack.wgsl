// Packs the B operand of a GEMM tile by tile and step by step (four k of one tap), so that the GEMM reads
// it strictly in order; zeros beyond the edges.
// w: value (ty, tx, k, n) at offset + ty * s_ty + tx * s_tx + k * s_k + n * s_n. Read as f32; as vec4 with LOAD_N
//    (s_n is 1) or LOAD_K (s_k is 1), where all other strides, the offset and the end are multiples of 4.
// b: NT vec4 a step. OVER_N: vec4 over four columns, [4 k, NT / 4]; else vec4 over four k,
//    [4 j, NT / 4 n] for column 4 n + j.
//    Windows of `window` vec4, each of tiles_per_window tiles or steps_per_window steps of one.
// Grid: one invocation per RUN steps of four columns.
#include lib/grid
struct Params {
  count: u32, n: u32, k: u32, k4: u32, kw: u32, steps: u32,
  tiles_per_window: u32, steps_per_window: u32, windows_per_tile: u32, window: u32,
  offset: u32, s_ty: u32, s_tx: u32, s_k: u32, s_n: u32,
}
@group(0) @binding(0) var<storage, read> w: array<T>;
@group(0) @binding(1) var<storage, read_write> b: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.count) { return; }
  let n4 = i % (NT / 4);
  let runs = (p.steps + RUN - 1) / RUN;
  let tile = i / (NT / 4) / runs;
  let n = tile * NT + 4 * n4;
  var step = i / (NT / 4) % runs * RUN;
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
    let k = 4 * k4;
    let base = p.offset + ty * p.s_ty + tx * p.s_tx;
    // Four k in rows, four columns in each.
#if LOAD_N
#unroll q 4
    let r$q = select(vec4f(0), w[(base + min(k + $q, p.k - 1) * p.s_k + min(n, p.n - 4)) / 4],
      k + $q < p.k && n < p.n);
#end
#elif LOAD_K
#unroll j 4
    let c$j = select(vec4f(0), w[(base + min(n + $j, p.n - 1) * p.s_n + k) / 4], n + $j < p.n);
#end
#unroll q 4
    let r$q = vec4f(c0[$q], c1[$q], c2[$q], c3[$q]);
#end
#else
#unroll q 4
    var r$q: vec4f;
#unroll j 4
    r$q[$j] = select(0, w[base + min(k + $q, p.k - 1) * p.s_k + min(n + $j, p.n - 1) * p.s_n],
      k + $q < p.k && n + $j < p.n);
#end
#end
#endif
    let at = window * p.window + (tile_at + in_window) * NT;
#unroll q 4
#if OVER_N
    b[at + $q * (NT / 4) + n4] = r$q;
#else
    b[at + $q * (NT / 4) + n4] = vec4f(r0[$q], r1[$q], r2[$q], r3[$q]);
#endif
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
