// partial[s, tap, i, o] = sum over the pixels of split s of x[pixel under tap, i] * dy[pixel, o], on matrix units
// (lib/matrix_units): rows are input channels of one tap, columns output channels, k are pixels.
//
// The next slab is loaded into registers while one is used.
// Operands: lib/filter_rows. Flags: lib/matrix_units.
// Grid: one workgroup per (split, tap, channel tiles), output channel tiles fastest.
#include lib/matrix_units
#include lib/filter_rows
#include lib/filter_pixels

// x lies as it is loaded, a pixel a row. Eight more than needed keep rows in different banks.
const A_DOWN = 1;
const A_ALONG = BM + 8;

fn store4(which: u32, i: u32, o: u32, v: vec4f) {
  if (i < p.ci && o < p.co) { partial[((which * p.ci + i) * p.co + o) / 4] = v; }
}

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
#if EMULATED
#else
        @builtin(subgroup_id) sub: u32,
#endif
        @builtin(local_invocation_index) lid: u32) {
  var tile = wid.y * nwg.x + wid.x;
  let n0 = tile % p.co_tiles * NT; tile /= p.co_tiles;
  let m0 = tile % p.ci_tiles * BM;
  let which = tile / p.ci_tiles;
  let tap = which % (p.kh * p.kw);
  let split = which / (p.kh * p.kw);
  // More than 65,535 workgroups are rounded up.
  if (split * p.rows_per_split >= max(p.rows, 1)) { return; }
  let lane = lid % SG;
  let part = lid / SG;
#if EMULATED
  let sub = part;
#endif
  let sub_row = sub / (NT / SN) * SM;
  let sub_column = sub % (NT / SN) * SN;

  let last = last_pixel(split);
  var pixel0 = split * p.rows_per_split * p.ow;
#unroll l BM*BK/4/INVOCATIONS
  let xp$l = (lid + $l * INVOCATIONS) / (BM / 4);
  let xc$l = 4 * ((lid + $l * INVOCATIONS) % (BM / 4));
  var x$l = half4(fetch_x(pixel0 + xp$l, last, tap, m0 + xc$l));
#end
#unroll l NT*BK/4/INVOCATIONS
  let yp$l = (lid + $l * INVOCATIONS) / (NT / 4);
  let yc$l = 4 * ((lid + $l * INVOCATIONS) % (NT / 4));
  var y$l = half4(fetch_dy(pixel0 + yp$l, last, n0 + yc$l));
#end
#unroll i SM/MM
#unroll j SN/MN
  var sum$i_$j = Result();
#end
#end
  while (pixel0 < last) {
#unroll l BM*BK/4/INVOCATIONS
#unroll q 4
    a_slab[xp$l * A_ALONG + xc$l + $q] = x$l[$q];
#end
#end
#unroll l NT*BK/4/INVOCATIONS
#unroll q 4
    b_slab[yp$l * B_ROW + yc$l + $q] = y$l[$q];
#end
#end
    workgroupBarrier();
    pixel0 += BK;
#unroll l BM*BK/4/INVOCATIONS
    x$l = half4(fetch_x(pixel0 + xp$l, last, tap, m0 + xc$l));
#end
#unroll l NT*BK/4/INVOCATIONS
    y$l = half4(fetch_dy(pixel0 + yp$l, last, n0 + yc$l));
#end
#include lib/matrix_sums
    workgroupBarrier();
  }
#include lib/matrix_results
}
