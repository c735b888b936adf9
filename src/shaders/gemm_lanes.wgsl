// C[m, n] = act(sum_k A[m, k] * B[k, n] + bias[n]), A implicit (lib/conv_rows).
//
// The inner loop for software adapters, where a load costs ten multiply-adds and barriers are dear: a
// workgroup is one subgroup of S lanes and makes G*S rows x 4*S columns, four neighbours a lane. Each
// lane loads four k of its own rows, and its columns of B; rows are handed round by shuffles or broadcasts,
// of which a load costs many.
// b: vec4 over four columns, row k of tile t at t * b_tile + k * b_row, rows of a step in order. After each b_rows rows
// of C comes another B, of b_size vec4: these are several products at once.
// LONG: sums of sums, of some taps or of a part of one: a single sum over thousands of k would round too much.
// Flags: S, G, NT = 4*S, LONG, SHUFFLE (else broadcasts), ACTIVATION and MIXED of lib/conv_rows.
// Grid: one workgroup per tile; column tiles fastest or, where fast_rows is not 0, its number of row tiles: the larger
// operand is then read once, the smaller one again and again from a cache.
enable subgroups;
#include lib/conv_rows
#include lib/math

@group(0) @binding(1) var<storage, read> b: array<vec4f>;

// Steps that are summed by themselves: 512 k.
const BLOCK = 128u;

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(subgroup_invocation_id) lane: u32) {
  let tile = wid.y * nwg.x + wid.x;
  let rows_first = p.fast_rows > 0;
  let fast = select(p.n_tiles, p.fast_rows, rows_first);
  let row_tile = select(tile / fast, tile % fast, rows_first);
  let column_tile = select(tile % fast, tile / fast, rows_first);
  let m0 = p.m0 + row_tile * (G * S);
  // One vec4 of columns per row: named, since some drivers keep arrays in memory.
#unroll g G
  let row$g = row_of(m0 + $g * S + lane);
#unroll l S
  var sum$g_$l = vec4f(0);
#end
#end
  var at = m0 / p.b_rows * p.b_size + column_tile * p.b_tile + lane;
  let taps = p.steps / p.k4;
#if LONG
  let some = max(1, BLOCK / p.k4);
  for (var first = 0u; first < taps; first += some) {
  for (var begin = 0u; begin < p.k4; begin += BLOCK) {
  let last = min(first + some, taps);
  let end = min(begin + BLOCK, p.k4);
#unroll g G
#unroll l S
  let before$g_$l = sum$g_$l;
  sum$g_$l = vec4f(0);
#end
#end
#else
  let first = 0u;
  let last = taps;
  let begin = 0u;
  let end = p.k4;
#endif
  for (var tap = first; tap < last; tap++) {
    let ty = tap / p.kw;
#unroll g G
    let offset$g = row_offset(row$g, ty, tap - ty * p.kw);
#end
    for (var c4 = begin; c4 < end; c4++) {
#unroll g G
      let a$g = load_a(offset$g, c4);
#end
#unroll q 4
      let k$q = b[at + $q * p.b_row];
#end
      at += 4 * p.b_row;
#unroll g G
#unroll l S
#unroll q 4
#if SHUFFLE
      sum$g_$l += subgroupShuffle(a$g[$q], $l) * k$q;
#else
      sum$g_$l += subgroupBroadcast(a$g[$q], $l) * k$q;
#endif
#end
#end
#end
    }
  }
#if LONG
#unroll g G
#unroll l S
  sum$g_$l += before$g_$l;
#end
#end
  }
  }
#endif
  let n = column_tile * NT + 4 * lane;
  let scale = scale4(n);
  let shift = shift4(n);
  // Loops whose length the compiler does not see: it would unroll them, take half as long again, and the code of this
  // kernel would not fit into a processor's instruction cache.
#unroll g G
  {
    let first_row = m0 + $g * S;
    let count = min(p.m - min(p.m, first_row), p.lanes);
    for (var l = 0u; l < count; l++) {
      var pixel = subgroupBroadcast(row$g.c, 0);
      var sum = sum$g_0;
#unroll l S-1
      pixel = select(pixel, subgroupBroadcast(row$g.c, $[$l + 1]), l == $[$l + 1]);
      sum = select(sum, sum$g_$[$l + 1], l == $[$l + 1]);
#end
      store_c(0, pixel, n, sum * scale + shift);
    }
  }
#end
}
