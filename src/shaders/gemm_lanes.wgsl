// C[m, n] = act(sum_k A[m, k] * B[k, n] + bias[n] (+ C[m, n])), A implicit (lib/conv_rows), B packed.
//
// The inner loop for software adapters, where a load costs ten multiply-adds and barriers are dear: a
// workgroup is one subgroup of S lanes and makes G*S rows x 4*S columns. Each lane loads four k of
// its own rows and columns; rows are handed round by subgroup broadcasts, which are nearly free.
// c: f32, row m at c_offset + m * c_stride. Flags: S, G, NT = 4*S, VEC and GRAD of lib/conv_rows.
// Grid: one workgroup per tile, column tiles fastest.
enable subgroups;
#include lib/conv_rows
#include lib/math

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(subgroup_invocation_id) lane: u32) {
  let tile = wid.y * nwg.x + wid.x;
  let m0 = tile / p.n_tiles * (G * S);
  let n0 = tile % p.n_tiles * NT;
  // One vec4 of columns lane, lane + S, ... per row: named, since some drivers keep arrays in memory.
#unroll g G
  let row$g = row_of(m0 + $g * S + lane);
#unroll l S
  var acc$g_$l = vec4f(0);
#end
#end
  var bt = tile % p.n_tiles * (p.kh * p.kw * p.k4) * NT + lane;
  for (var ky = 0u; ky < p.kh; ky++) {
    for (var kx = 0u; kx < p.kw; kx++) {
#unroll g G
      let offset$g = row_offset(row$g, ky, kx);
#end
      for (var c4 = 0u; c4 < p.k4; c4++) {
#unroll g G
        let a$g = load_a(offset$g, c4);
#end
#unroll j 4
        let b$j = b[bt + $j * S];
#end
        bt += NT;
#unroll q 4
        let k$q = vec4f(b0[$q], b1[$q], b2[$q], b3[$q]);
#end
#unroll g G
#unroll l S
#unroll q 4
        acc$g_$l += subgroupBroadcast(a$g[$q], $l) * k$q;
#end
#end
#end
      }
    }
  }
  let col = n0 + lane + vec4u(0, S, 2 * S, 3 * S);
  let inside = col < vec4u(p.n);
  let safe = min(col, vec4u(p.n - 1));
  let shift = select(vec4f(0), vec4f(bias[safe.x], bias[safe.y], bias[safe.z], bias[safe.w]),
    vec4<bool>(p.bias != 0));
#unroll g G
#unroll l S
  if (m0 + $g * S + $l < p.m) {
    let at = p.c_offset + (m0 + $g * S + $l) * p.c_stride + safe;
    var v = acc$g_$l + shift;
    if (p.accumulate != 0) { v += vec4f(c[at.x], c[at.y], c[at.z], c[at.w]); }
    v = activate(p.activation, v);
#unroll j 4
    if (inside[$j]) { c[at[$j]] = v[$j]; }
#end
  }
#end
#end
}
