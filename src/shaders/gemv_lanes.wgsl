// C[m, n] = act(sum_k A[m, k] * B[k, n] + bias[n]) for a row or two, A as in lib/conv_rows under a single tap.
//
// For software adapters. Here the limit is what of B can be loaded: a workgroup is one subgroup of S lanes and makes
// one row x NT = 4*S*C columns, so that it reads long pieces of the rows of B, one after the other. Of A, all
// lanes load the same four k.
// b: as for gemm_lanes, of one product. Sums are sums of sums: a single one over thousands of k would round too much.
// Flags: S, C, NT, and those of lib/conv_rows. Grid: one workgroup per row and column tile, column tiles fastest.
#include lib/conv_rows
#include lib/math

@group(0) @binding(1) var<storage, read> b: array<vec4f>;

// Steps that are summed by themselves: 512 k.
const BLOCK = 128u;

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let tile = wid.y * nwg.x + wid.x;
  let m = p.m0 + tile / p.n_tiles;
  let column_tile = tile % p.n_tiles;
  if (m >= p.m) { return; }
  let row = row_of(m);
  let offset = row_offset(row, 0, 0);
  var at = column_tile * p.b_tile + lane;
#unroll c C
  var sum$c = vec4f(0);
#end
  for (var begin = 0u; begin < p.steps; begin += BLOCK) {
#unroll c C
    let before$c = sum$c;
    sum$c = vec4f(0);
#end
    for (var step = begin; step < min(begin + BLOCK, p.steps); step++) {
      var x = load_a(offset, step);
      // Four times: kw is 1. A driver that knew it would unroll it, and take long to compile so many loads.
      for (var i = 0u; i < 4 * p.kw; i++) {
#unroll c C
        sum$c += x.x * b[at + $c * S];
#end
        x = x.yzwx;
        at += p.b_row;
      }
    }
#unroll c C
    sum$c += before$c;
#end
  }
  for (var c = 0u; c < C * p.kw; c++) {
    var sum = sum0;
#unroll c C-1
    sum = select(sum, sum$[$c + 1], c == $[$c + 1]);
#end
    let n = column_tile * NT + 4 * (lane + c * S);
    store_c(0, row.c, n, sum * scale4(n) + shift4(n));
  }
}
