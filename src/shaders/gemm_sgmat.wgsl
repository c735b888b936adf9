// C[m, n] = act(sum_k A[m, k] * B[k, n] + bias[n]), A implicit (lib/conv_rows), on matrix units (lib/matrix_units).
//
// The next slab is loaded into registers while one is used. Splits as in gemm_simt.
// b: lib/slab_rows. Flags: lib/matrix_units; ACTIVATION, NORM, MOMENTS of lib/conv_rows.
// Grid: one workgroup per (split, tile), column tiles fastest.
#include lib/matrix_units
#include lib/conv_rows
#include lib/slab_rows
#include lib/math

// Eight more than needed keep rows in different banks.
const A_DOWN = BK + 8;
const A_ALONG = 1;
const STEPS = BK / 4;

fn store4(split: u32, m: u32, n: u32, v: vec4f) {
  if (m < p.m) { store_c(split, row_of(m).c, n, v * scale4(n) + shift4(n)); }
}

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
#if EMULATED
#else
        @builtin(subgroup_id) sub: u32,
#endif
        @builtin(local_invocation_index) lid: u32) {
  var tile = wid.y * nwg.x + wid.x;
  let column_tile = tile % p.n_tiles; tile /= p.n_tiles;
  let n0 = column_tile * NT;
  let row_tiles = (p.m - p.m0 + BM - 1) / BM;
  let m0 = p.m0 + tile % row_tiles * BM;
  let which = tile / row_tiles;
  if (which >= p.splits) { return; }
  let step1 = min((which + 1) * p.split_steps, p.steps);
  let lane = lid % SG;
  let part = lid / SG;
#if EMULATED
  let sub = part;
#endif
  let sub_row = sub / (NT / SN) * SM;
  let sub_column = sub % (NT / SN) * SN;

  // What is loaded next: four k of some rows of A, some vec4 of B.
  var step = which * p.split_steps;
  var a_step = step + lid % STEPS;
  var tap = a_step / p.k4;
  var c4 = a_step - tap * p.k4;
#unroll l BM*BK/4/INVOCATIONS
  let row$l = row_of(m0 + (lid + $l * INVOCATIONS) / STEPS);
  var offset$l = row_offset(row$l, tap / p.kw, tap % p.kw);
  var a$l = half4(select(vec4f(0), load_a(offset$l, c4), a_step < step1));
#end
  let panel = column_tile * p.b_tile;
#unroll l NT*BK/4/INVOCATIONS
  let k_$l = (lid + $l * INVOCATIONS) / (NT / 4);
  let n_$l = (lid + $l * INVOCATIONS) % (NT / 4);
  var b$l = half4(load_b(panel + k_$l * p.b_row + n_$l, step, k_$l, step1));
#end
#unroll i SM/MM
#unroll j SN/MN
  var sum$i_$j = Result();
#end
#end
  while (step < step1) {
#unroll l BM*BK/4/INVOCATIONS
    {
      let at = (lid + $l * INVOCATIONS) / STEPS * A_DOWN + lid % STEPS * 4;
#unroll q 4
      a_slab[at + $q] = a$l[$q];
#end
    }
#end
#unroll l NT*BK/4/INVOCATIONS
#unroll q 4
    b_slab[k_$l * B_ROW + 4 * n_$l + $q] = b$l[$q];
#end
#end
    workgroupBarrier();
    step += STEPS;
    a_step += STEPS;
    c4 += STEPS;
    if (c4 >= p.k4) {
      let taps = c4 / p.k4;
      tap += taps;
      c4 -= taps * p.k4;
#unroll l BM*BK/4/INVOCATIONS
      offset$l = row_offset(row$l, tap / p.kw, tap % p.kw);
#end
    }
#unroll l BM*BK/4/INVOCATIONS
    a$l = half4(select(vec4f(0), load_a(offset$l, c4), a_step < step1));
#end
#unroll l NT*BK/4/INVOCATIONS
    b$l = half4(load_b(panel + k_$l * p.b_row + n_$l, step, k_$l, step1));
#end
#include lib/matrix_sums
    workgroupBarrier();
  }
#include lib/matrix_results
}
