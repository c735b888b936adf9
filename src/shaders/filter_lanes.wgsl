// partial[s, tap, i, o] = sum over the pixels of split s of x[pixel under tap, i] * dy[pixel, o].
//
// The inner loop for software adapters: a workgroup is one subgroup of S lanes and makes 4*S input
// channels x 4*S output channels of one tap. Each lane loads four channels of both at the same P pixels;
// input channels are handed round by shuffles or broadcasts. Operands: lib/filter_rows.
// Flags: S, P, SHUFFLE (else broadcasts), and those of lib/filter_rows.
// Grid: one workgroup per (split, tap, channel tiles), output channel tiles fastest.
enable subgroups;
#include lib/filter_rows

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(subgroup_invocation_id) lane: u32) {
  var tile = wid.y * nwg.x + wid.x;
  let o0 = tile % p.co_tiles * (4 * S); tile /= p.co_tiles;
  let i0 = tile % p.ci_tiles * (4 * S); tile /= p.ci_tiles;
  let tap = tile % (p.kh * p.kw);
  let split = tile / (p.kh * p.kw);
  // Input channels left for this tile: groups of four beyond them are skipped.
  let left = p.ci - i0;
#unroll l S
#unroll q 4
  var acc$l_$q = vec4f(0);
#end
#end
  let ky = tap / p.kw;
  let shift = i32(tap % p.kw * p.dw) - i32(p.pw);
  // The output columns whose tap lies inside of the image: 0 <= ox * sw + shift < iw.
  let first = u32(max(0, (-shift + i32(p.sw) - 1) / i32(p.sw)));
  let beyond = (i32(p.iw) - shift + i32(p.sw) - 1) / i32(p.sw);
  let last_row = min((split + 1) * p.rows_per_split, p.rows);
  for (var row = split * p.rows_per_split; row < last_row; row++) {
    let iy = i32(row % p.oh * p.sh) - i32(p.ph) + i32(ky * p.dh);
    if (iy < 0 || iy >= i32(p.ih)) { continue; }
    let width = min(p.ow, p.pixels - row * p.ow);
    let end = u32(clamp(beyond, 0, i32(width)));
    let x_row = i32((row / p.oh * p.ih + u32(iy)) * p.iw) + shift;
    for (var ox = first; ox < end; ox += P) {
#unroll j P
      let ox$j = min(ox + $j, end - 1);
      let x$j = load_x(u32(x_row + i32(ox$j * p.sw)), i0 + 4 * lane);
      let xv$j = select(vec4f(0), x$j, ox + $j < end);
      let dv$j = load_dy(row * p.ow + ox$j, o0 + 4 * lane);
#end
#unroll l S
      if (4 * $l < left) {
#unroll q 4
#unroll j P
#if SHUFFLE
        acc$l_$q += subgroupShuffle(xv$j[$q], $l) * dv$j;
#else
        acc$l_$q += subgroupBroadcast(xv$j[$q], $l) * dv$j;
#endif
#end
#end
      }
#end
    }
  }
  let base = (split * p.kh * p.kw + tap) * p.ci;
  let o = o0 + 4 * lane;
  if (o >= p.co) { return; }
  // A loop whose length the compiler does not see, as in gemm_lanes.
  for (var l = 0u; l < min(p.lanes, left / 4); l++) {
#unroll q 4
    var sum$q = acc0_$q;
#unroll l S-1
    sum$q = select(sum$q, acc$[$l + 1]_$q, l == $[$l + 1]);
#end
    partial[((base + i0 + 4 * l + $q) * p.co + o) / 4] = sum$q;
#end
  }
}
