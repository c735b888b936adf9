// C[m, n] = act(sum_k A[m, k] * B[k, n] + bias[n] (+ C[m, n])), A implicit (lib/conv_rows), B packed.
//
// The inner loop for GPUs: 256 invocations make a tile of 64 x 64, each 4 x 4 of it. A slab of 16 k of
// both operands is staged in workgroup memory as vec4 over k, so that four k of one result are one
// dot product; the next slab is loaded into registers while this one is used.
// c: f32, row m at c_offset + m * c_stride. Flags: NT = 64, VEC and GRAD of lib/conv_rows.
// Grid: one workgroup per tile, column tiles fastest.
#include lib/conv_rows
#include lib/math

var<workgroup> a_slab: array<vec4f, 4 * 64>;
var<workgroup> b_slab: array<vec4f, 4 * 64>;

// Four k of a row: step counts vec4s of k over all taps.
fn fetch_a(r: Row, step: u32, steps: u32) -> vec4f {
  let tap = min(step, steps - 1) / p.k4;
  let v = load_a(row_offset(r, tap / p.kw, tap % p.kw), min(step, steps - 1) % p.k4);
  return select(vec4f(0), v, step < steps);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let tile = wid.y * nwg.x + wid.x;
  let m0 = tile / p.n_tiles * 64;
  let n0 = tile % p.n_tiles * NT;
  let tx = lid % 16;
  let ty = lid / 16;
  let row = row_of(m0 + lid / 4);
  let steps = p.kh * p.kw * p.k4;
  let panel = tile % p.n_tiles * steps * NT;
  var acc: array<vec4f, 4>;
  var next_a = fetch_a(row, lid % 4, steps);
  var next_b = b[panel + lid];
  for (var step = 0u; step < steps; step += 4) {
    a_slab[lid % 4 * 64 + lid / 4] = next_a;
    b_slab[lid] = next_b;
    workgroupBarrier();
    next_a = fetch_a(row, step + 4 + lid % 4, steps);
    // Beyond the last step A is zero, so any finite B will do.
    next_b = b[panel + min(step * 64 + 256 + lid, steps * 64 - 1)];
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
  let col = n0 + tx + vec4u(0, 16, 32, 48);
  let inside = col < vec4u(p.n);
  let safe = min(col, vec4u(p.n - 1));
  let shift = select(vec4f(0), vec4f(bias[safe.x], bias[safe.y], bias[safe.z], bias[safe.w]),
    vec4<bool>(p.bias != 0));
#unroll i 4
  if (m0 + ty * 4 + $i < p.m) {
    let at = p.c_offset + (m0 + ty * 4 + $i) * p.c_stride + safe;
    var v = acc[$i] + shift;
    if (p.accumulate != 0) { v += vec4f(c[at.x], c[at.y], c[at.z], c[at.w]); }
    v = activate(p.activation, v);
#unroll j 4
    if (inside[$j]) { c[at[$j]] = v[$j]; }
#end
  }
#end
}
