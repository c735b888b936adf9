// partial[s, tap, i, o] = sum over the pixels of split s of x[pixel under tap, i] * dy[pixel, o].
//
// The inner loop for GPUs: a workgroup makes BM x NT channels of one tap, an invocation TM x TN of them, as
// blocks of 4 x 4 that lie half a tile apart where there are two in a row. A slab of 16 pixels of both
// operands is staged in workgroup memory as vec4 over channels; the next slab is loaded into registers
// while this one is used.
// Operands: lib/filter_rows. Flags: BM, NT, TM, TN, INVOCATIONS = BM / TM * NT / TN.
// Grid: one workgroup per (split, tap, channel tiles), output channel tiles fastest.
#include lib/filter_rows
#include lib/filter_pixels

const COLUMNS = NT / TN;
const ROWS = BM / TM;
var<workgroup> x_slab: array<vec4f, 4 * BM>;
var<workgroup> dy_slab: array<vec4f, 4 * NT>;

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  var tile = wid.y * nwg.x + wid.x;
  let o0 = tile % p.co_tiles * NT; tile /= p.co_tiles;
  let i0 = tile % p.ci_tiles * BM; tile /= p.ci_tiles;
  let tap = tile % (p.kh * p.kw);
  let split = tile / (p.kh * p.kw);
  // More than 65,535 workgroups are rounded up.
  if (split * p.rows_per_split >= max(p.rows, 1)) { return; }
  let tx = lid % COLUMNS;
  let ty = lid / COLUMNS;
  let last = last_pixel(split);
  var pixel0 = split * p.rows_per_split * p.ow;
#unroll l 4*BM/INVOCATIONS
  let xp$l = (lid + $l * INVOCATIONS) / (BM / 4);
  let xc$l = i0 + 4 * ((lid + $l * INVOCATIONS) % (BM / 4));
  var x$l = fetch_x(pixel0 + xp$l, last, tap, xc$l);
#end
#unroll l 4*NT/INVOCATIONS
  let yp$l = (lid + $l * INVOCATIONS) / (NT / 4);
  let yc$l = o0 + 4 * ((lid + $l * INVOCATIONS) % (NT / 4));
  var y$l = fetch_dy(pixel0 + yp$l, last, yc$l);
#end
#unroll i TM
#unroll h TN/4
  var acc$i_$h = vec4f(0);
#end
#end
  while (pixel0 < last) {
#unroll l 4*BM/INVOCATIONS
    x_slab[lid + $l * INVOCATIONS] = x$l;
#end
#unroll l 4*NT/INVOCATIONS
    dy_slab[lid + $l * INVOCATIONS] = y$l;
#end
    workgroupBarrier();
    pixel0 += 16;
#unroll l 4*BM/INVOCATIONS
    x$l = fetch_x(pixel0 + xp$l, last, tap, xc$l);
#end
#unroll l 4*NT/INVOCATIONS
    y$l = fetch_dy(pixel0 + yp$l, last, yc$l);
#end
#unroll k 16
    {
#unroll h TN/4
      let dv$h = dy_slab[$k * (NT / 4) + $h * COLUMNS + tx];
#end
#unroll g TM/4
      let xv$g = x_slab[$k * (BM / 4) + $g * ROWS + ty];
#unroll q 4
#unroll h TN/4
      acc$[$g * 4 + $q]_$h += xv$g[$q] * dv$h;
#end
#end
#end
    }
#end
    workgroupBarrier();
  }
  let base = (split * p.kh * p.kw + tap) * p.ci;
#unroll i TM
  {
    let i = i0 + 4 * ($[$i / 4] * ROWS + ty) + $[$i % 4];
    if (i < p.ci) {
#unroll h TN/4
      {
        let o = o0 + 4 * ($h * COLUMNS + tx);
        if (o < p.co) { partial[((base + i) * p.co + o) / 4] = acc$i_$h; }
      }
#end
    }
  }
#end
}
