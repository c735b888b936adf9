// C[m, n] = act(sum_k A[m, k] * B[k, n] + bias[n]), A implicit (lib/conv_rows), B packed.
//
// The inner loop for GPUs: 256 invocations make a tile of 64 x 64, each 4 x 4 of it. A slab of 16 k of
// both operands is staged in workgroup memory as vec4 over k, so that four k of one result are one
// dot product; the next slab is loaded into registers while this one is used.
// b: packed over k by gemm_pack. Flags: NT = 64, ACTIVATION of lib/conv_rows.
// Grid: one workgroup per tile, column tiles fastest.
#include lib/conv_rows
#include lib/math

@group(0) @binding(1) var<storage, read> b: array<vec4f>;

var<workgroup> a_slab: array<vec4f, 4 * 64>;
var<workgroup> b_slab: array<vec4f, 4 * 64>;

// Four k of a row: step counts over all taps.
fn fetch_a(r: Row, step: u32) -> vec4f {
  let tap = min(step, p.step1 - 1) / p.k4;
  let v = load_a(row_offset(r, tap / p.kw, tap % p.kw), min(step, p.step1 - 1) % p.k4);
  return select(vec4f(0), v, step < p.step1);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let tile = wid.y * nwg.x + wid.x;
  let m0 = p.m0 + tile / p.n_tiles * 64;
  let tx = lid % 16;
  let ty = lid / 16;
  let row = row_of(m0 + lid / 4);
  let panel = tile % p.n_tiles * p.b_tile;
  var acc: array<vec4f, 4>;
  var next_a = fetch_a(row, lid % 4);
  var next_b = b[panel + min(lid, p.b_tile - 1)];
  for (var step = 0u; step < p.step1; step += 4) {
    a_slab[lid % 4 * 64 + lid / 4] = next_a;
    b_slab[lid] = next_b;
    workgroupBarrier();
    next_a = fetch_a(row, step + 4 + lid % 4);
    // Beyond the last step A is zero, so any finite B will do.
    next_b = b[panel + min(step * NT + 256 + lid, p.b_tile - 1)];
#unroll q 4
    {
#unroll j 4
      let b$j = b_slab[$q * 64 + tx + 16 * $j];
#end
#unroll i 4
      {
        let v = a_slab[$q * 64 + ty * 4 + $i];
        acc[$i] += vec4f(dot(v, b0), dot(v, b1), dot(v, b2), dot(v, b3));
      }
#end
    }
#end
    workgroupBarrier();
  }
  let n = tile % p.n_tiles * NT + 4 * tx;
  let scale = scale4(n);
  let shift = shift4(n);
#unroll i 4
  if (m0 + ty * 4 + $i < p.m) {
    store_c(row_of(m0 + ty * 4 + $i).c, n, acc[$i] * scale + shift);
  }
#end
}
