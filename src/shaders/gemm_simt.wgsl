// C[m, n] = act(sum_k A[m, k] * B[k, n] + bias[n]), A implicit (lib/conv_rows).
//
// The inner loop for GPUs: a workgroup makes a tile of BM x NT, an invocation TM x TN of it, as blocks of
// 4 x 4 that lie half a tile apart where there are two in a row, so that neighbours read neighbours. A slab
// of 16 k of both operands is staged in workgroup memory; the next slab is loaded into registers while
// this one is used. Each of `splits` parts of the steps, of split_steps each, makes partial sums of its own.
// b: lib/slab_rows.
// Flags: BM, NT, TM, TN, INVOCATIONS = BM / TM * NT / TN; ACTIVATION, RESIDUAL, NORM, MOMENTS of lib/conv_rows.
// Grid: one workgroup per (split, tile), column tiles fastest.
#include lib/conv_rows
#include lib/slab_rows
#include lib/math

const COLUMNS = NT / TN;
// vec4 over k: [4, A_ROW]; two more than needed keep writes of neighbours in different banks.
const A_ROW = BM + 2;
var<workgroup> a_slab: array<vec4f, 4 * A_ROW>;
// vec4 over columns: [16, NT / 4].
var<workgroup> b_slab: array<vec4f, 4 * NT>;

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  var tile = wid.y * nwg.x + wid.x;
  let column_tile = tile % p.n_tiles; tile /= p.n_tiles;
  let row_tiles = (p.m - p.m0 + BM - 1) / BM;
  let m0 = p.m0 + tile % row_tiles * BM;
  let split = tile / row_tiles;
  if (split >= p.splits) { return; }
  let step1 = min((split + 1) * p.split_steps, p.steps);
  let tx = lid % COLUMNS;
  let ty = lid / COLUMNS;

  // What is loaded next: four k of some rows of A, some vec4 of B.
  var step = split * p.split_steps;
  var a_step = step + lid % 4;
  var tap = a_step / p.k4;
  var c4 = a_step - tap * p.k4;
#unroll l 4*BM/INVOCATIONS
  let row$l = row_of(m0 + (lid + $l * INVOCATIONS) / 4);
  var offset$l = row_offset(row$l, tap / p.kw, tap % p.kw);
  var a$l = select(vec4f(0), load_a(offset$l, c4), a_step < step1);
#end
  let panel = column_tile * p.b_tile;
#unroll l 4*NT/INVOCATIONS
  let k_$l = (lid + $l * INVOCATIONS) / (NT / 4);
  let at_$l = panel + k_$l * p.b_row + (lid + $l * INVOCATIONS) % (NT / 4);
  var b$l = load_b(at_$l, step, k_$l, step1);
#end
#unroll i TM
#unroll h TN/4
  var acc$i_$h = vec4f(0);
#end
#end
  while (step < step1) {
#unroll l 4*BM/INVOCATIONS
    a_slab[lid % 4 * A_ROW + (lid + $l * INVOCATIONS) / 4] = a$l;
#end
#unroll l 4*NT/INVOCATIONS
    b_slab[lid + $l * INVOCATIONS] = b$l;
#end
    workgroupBarrier();
    step += 4;
    a_step += 4;
    c4 += 4;
    if (c4 >= p.k4) {
      let taps = c4 / p.k4;
      tap += taps;
      c4 -= taps * p.k4;
#unroll l 4*BM/INVOCATIONS
      offset$l = row_offset(row$l, tap / p.kw, tap % p.kw);
#end
    }
#unroll l 4*BM/INVOCATIONS
    a$l = select(vec4f(0), load_a(offset$l, c4), a_step < step1);
#end
#unroll l 4*NT/INVOCATIONS
    b$l = load_b(at_$l, step, k_$l, step1);
#end
#unroll q 4
    {
#unroll k 4
#unroll h TN/4
      let v$k_$h = b_slab[($q * 4 + $k) * (NT / 4) + $h * COLUMNS + tx];
#end
#end
#unroll i TM
      {
        let u = a_slab[$q * A_ROW + $[$i / 4] * (BM / 2) + ty * 4 + $[$i % 4]];
#unroll k 4
#unroll h TN/4
        acc$i_$h += u[$k] * v$k_$h;
#end
#end
      }
#end
    }
#end
    workgroupBarrier();
  }
#unroll h TN/4
  let n$h = column_tile * NT + 4 * ($h * COLUMNS + tx);
  let scale$h = scale4(n$h);
  let shift$h = shift4(n$h);
#end
#unroll i TM
  let line$i = m0 + $[$i / 4] * (BM / 2) + ty * 4 + $[$i % 4];
#unroll h TN/4
  acc$i_$h = acc$i_$h * scale$h + shift$h;
#end
  if (line$i < p.m) {
    let pixel = row_of(line$i).c;
#unroll h TN/4
    store_c(split, pixel, n$h, acc$i_$h);
#end
  }
#end
#if MOMENTS
  // The mean of the rows before m, then their distances from it.
  let count = f32(min(p.m - m0, BM));
#unroll h TN/4
  var sum$h = vec4f(0);
#unroll i TM
  sum$h += select(vec4f(0), acc$i_$h, line$i < p.m);
#end
  b_slab[(ty * TN / 4 + $h) * COLUMNS + tx] = sum$h;
#end
  workgroupBarrier();
#unroll h TN/4
  var mean$h = vec4f(0);
  for (var y = 0u; y < BM / TM; y++) { mean$h += b_slab[(y * TN / 4 + $h) * COLUMNS + tx]; }
  mean$h /= count;
#end
  workgroupBarrier();
#unroll h TN/4
  {
    var sum = vec4f(0);
    var squares = vec4f(0);
#unroll i TM
    {
      let d = select(vec4f(0), acc$i_$h - mean$h, line$i < p.m);
      sum += d;
      squares += d * d;
    }
#end
    a_slab[(ty * TN / 4 + $h) * COLUMNS + tx] = sum;
    b_slab[(ty * TN / 4 + $h) * COLUMNS + tx] = squares;
  }
#end
  workgroupBarrier();
  if (ty == 0) {
#unroll h TN/4
    {
      var sum = vec4f(0);
      var squares = vec4f(0);
      for (var y = 0u; y < BM / TM; y++) {
        sum += a_slab[(y * TN / 4 + $h) * COLUMNS + tx];
        squares += b_slab[(y * TN / 4 + $h) * COLUMNS + tx];
      }
      store_moments(tile % row_tiles, n$h, mean$h, squares, sum / count);
    }
#end
  }
#endif
}
