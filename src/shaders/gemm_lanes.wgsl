// C[m, n] = act(sum_k A[m, k] * B[k, n] + bias[n]), A implicit (lib/conv_rows).
//
// The inner loop for software adapters, where a load costs ten multiply-adds and barriers are dear: a
// workgroup is one subgroup of S lanes and makes G*S rows x 4*S columns, four neighbours a lane. Each
// lane loads four k of its own rows, and its columns of B; rows are handed round by subgroup
// broadcasts, which are nearly free.
// WINDOW: B is bound as a uniform of WINDOW vec4, since such loads need no per-lane branches and cost a
// third. The run then covers the columns and steps that the window holds.
// b: vec4 over four columns, row k of tile t at t * b_tile + k * b_row, rows of a step in order.
// Flags: S, G, NT = 4*S, WINDOW, ACTIVATION and MIXED of lib/conv_rows.
// Grid: one workgroup per tile, column tiles fastest.
enable subgroups;
#include lib/conv_rows
#include lib/math

#if WINDOW
@group(0) @binding(1) var<uniform> b: array<vec4f, WINDOW>;
fn b_row() -> u32 { return S; }
// Rounded when it was packed.
fn load_b(i: u32) -> vec4f { return b[i]; }
#else
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
fn b_row() -> u32 { return p.b_row; }
fn load_b(i: u32) -> vec4f { return operand4(b[i]); }
#endif

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(subgroup_invocation_id) lane: u32) {
  let tile = wid.y * nwg.x + wid.x;
  let m0 = p.m0 + tile / p.n_tiles * (G * S);
  let column_tile = tile % p.n_tiles;
  // One vec4 of columns per row: named, since some drivers keep arrays in memory.
#unroll g G
  let row$g = row_of(m0 + $g * S + lane);
#unroll l S
  var acc$g_$l = vec4f(0);
#end
#end
  var at = column_tile * p.b_tile + lane;
  var step = p.step0;
  var ty = step / p.k4 / p.kw;
  var tx = step / p.k4 - ty * p.kw;
  while (step < p.step1) {
#unroll g G
    let offset$g = row_offset(row$g, ty, tx);
#end
    let first = step % p.k4;
    let end = min(p.k4, first + p.step1 - step);
    for (var c4 = first; c4 < end; c4++) {
#unroll g G
      let a$g = load_a(offset$g, c4);
#end
#unroll q 4
      let k$q = load_b(at + $q * b_row());
#end
      at += 4 * b_row();
#unroll g G
#unroll l S
#unroll q 4
      acc$g_$l += subgroupBroadcast(a$g[$q], $l) * k$q;
#end
#end
#end
    }
    step += end - first;
    tx++;
    if (tx == p.kw) { tx = 0; ty++; }
  }
  let n = (p.tile0 + column_tile) * NT + 4 * lane;
  let scale = scale4(n);
  let shift = shift4(n);
#unroll g G
#unroll l S
  {
    let pixel = subgroupBroadcast(row$g.c, $l);
    if (m0 + $g * S + $l < p.m) { store_c(0, pixel, n, acc$g_$l * scale + shift); }
  }
#end
#end
}
