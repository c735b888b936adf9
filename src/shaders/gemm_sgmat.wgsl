// C[m, n] = act(sum_k A[m, k] * B[k, n] + bias[n]), A implicit (lib/conv_rows), on matrix units.
//
// Operands are rounded to f16, sums are f32. A workgroup makes a tile of BM x NT, each of its subgroups
// SM x SN of it as matrices of MM x MN. A slab of BK k of both operands is staged in workgroup memory; the
// next slab is loaded into registers while this one is used. Results go through workgroup memory, one
// matrix per subgroup at a time. Splits as in gemm_simt.
// EMULATED: in place of the matrix units, SG invocations share each matrix: all but the instruction itself
// can be checked on any adapter. H is what is staged: f16 (with F16), or f32 rounded to f16.
// b: lib/slab_rows.
// Flags: BM, NT, BK, SM, SN, MM, MN, MK, SG (subgroup size), INVOCATIONS = BM / SM * NT / SN * SG;
// ACTIVATION of lib/conv_rows. Grid: one workgroup per (split, tile), column tiles fastest.
#if EMULATED
#else
enable chromium_experimental_subgroup_matrix;
#endif
#if F16
enable f16;
#endif
#include lib/conv_rows
#include lib/slab_rows
#include lib/math

// Eight more than needed keep rows in different banks.
const A_ROW = BK + 8;
const B_ROW = NT + 8;
const STEPS = BK / 4;
var<workgroup> a_slab: array<H, BM * A_ROW>;
var<workgroup> b_slab: array<H, BK * B_ROW>;
// One matrix of results for each subgroup.
var<workgroup> c_slab: array<f32, INVOCATIONS / SG * MM * MN>;

#if EMULATED
// Each of SG invocations has some elements of a matrix; operands are where they lie in their slab.
alias Result = array<f32, MM * MN / SG>;

fn multiply(a_at: u32, b_at: u32, sum: ptr<function, Result>, lane: u32) {
  for (var i = 0u; i < MM * MN / SG; i++) {
    let row = (lane + i * SG) / MN;
    let column = (lane + i * SG) % MN;
    for (var k = 0u; k < MK; k++) {
      (*sum)[i] += f32(a_slab[a_at + row * A_ROW + k]) * f32(b_slab[b_at + k * B_ROW + column]);
    }
  }
}

fn put(at: u32, sum: ptr<function, Result>, lane: u32) {
  for (var i = 0u; i < MM * MN / SG; i++) { c_slab[at + lane + i * SG] = (*sum)[i]; }
}
#else
alias Left = subgroup_matrix_left<f16, MK, MM>;
alias Right = subgroup_matrix_right<f16, MN, MK>;
alias Result = subgroup_matrix_result<f32, MN, MM>;
#endif

fn half4(v: vec4f) -> vec4<H> {
#if F16
  return vec4<f16>(v);
#else
  return quantizeToF16(v);
#endif
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
  let row_tiles = (p.m - p.m0 + BM - 1) / BM;
  let m0 = p.m0 + tile % row_tiles * BM;
  let split = tile / row_tiles;
  if (split >= p.splits) { return; }
  let step1 = min((split + 1) * p.split_steps, p.steps);
  let lane = lid % SG;
  // Results are stored by any SG invocations: which of them are a subgroup does not matter there.
  let part = lid / SG;
#if EMULATED
  let sub = part;
#endif
  let sub_row = sub / (NT / SN) * SM;
  let sub_column = sub % (NT / SN) * SN;

  // What is loaded next: four k of some rows of A, some vec4 of B.
  var step = split * p.split_steps;
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
      let at = (lid + $l * INVOCATIONS) / STEPS * A_ROW + lid % STEPS * 4;
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
    for (var k = 0u; k < BK; k += MK) {
#unroll i SM/MM
      let left_at$i = (sub_row + $i * MM) * A_ROW + k;
#end
#unroll j SN/MN
      let right_at$j = k * B_ROW + sub_column + $j * MN;
#end
#if EMULATED
#unroll i SM/MM
#unroll j SN/MN
      multiply(left_at$i, right_at$j, &sum$i_$j, lane);
#end
#end
#else
#unroll i SM/MM
      let left$i = subgroupMatrixLoad<Left>(&a_slab, left_at$i, false, A_ROW);
#end
#unroll j SN/MN
      let right$j = subgroupMatrixLoad<Right>(&b_slab, right_at$j, false, B_ROW);
#unroll i SM/MM
      sum$i_$j = subgroupMatrixMultiplyAccumulate(left$i, right$j, sum$i_$j);
#end
#end
#endif
    }
    workgroupBarrier();
  }
#unroll i SM/MM
#unroll j SN/MN
#if EMULATED
  put(sub * MM * MN, &sum$i_$j, lane);
#else
  subgroupMatrixStore(&c_slab, sub * MM * MN, sum$i_$j, false, MN);
#endif
  workgroupBarrier();
  for (var e = lane; e < MM * MN / 4; e += SG) {
    let m = m0 + part / (NT / SN) * SM + $i * MM + e / (MN / 4);
    let n = column_tile * NT + part % (NT / SN) * SN + $j * MN + 4 * (e % (MN / 4));
    let at = part * MM * MN + 4 * e;
    let v = vec4f(c_slab[at], c_slab[at + 1], c_slab[at + 2], c_slab[at + 3]);
    if (m < p.m) { store_c(split, row_of(m).c, n, v * scale4(n) + shift4(n)); }
  }
  workgroupBarrier();
#end
#end
}
