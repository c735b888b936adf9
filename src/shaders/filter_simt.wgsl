// partial[s, tap, i, o] = sum over the pixels of split s of x[pixel under tap, i] * dy[pixel, o].
//
// The inner loop for GPUs: 256 invocations make 64 x 64 channels of one tap, each 4 x 4 of them. A slab
// of 16 pixels of both operands is staged in workgroup memory as vec4 over channels.
// Operands: lib/filter_rows. Grid: one workgroup per (split, tap, channel tiles), output channel
// tiles fastest.
#include lib/filter_rows

var<workgroup> x_slab: array<vec4f, 16 * 16>;
var<workgroup> dy_slab: array<vec4f, 16 * 16>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  var tile = wid.y * nwg.x + wid.x;
  let o0 = tile % p.co_tiles * 64; tile /= p.co_tiles;
  let i0 = tile % p.ci_tiles * 64; tile /= p.ci_tiles;
  let tap = tile % (p.kh * p.kw);
  let split = tile / (p.kh * p.kw);
  let tx = lid % 16;
  let ty = lid / 16;
  var acc: array<vec4f, 4>;
  let last = min(min((split + 1) * p.rows_per_split, p.rows) * p.ow, p.pixels);
  for (var pixel0 = split * p.rows_per_split * p.ow; pixel0 < last; pixel0 += 16) {
    // Invocation (ty, tx) stages channels 4*tx .. 4*tx+3 of pixel ty of the slab.
    let pixel = min(pixel0 + ty, last - 1);
    let row = pixel / p.ow;
    let iy = i32(row % p.oh * p.sh) - i32(p.ph) + i32(tap / p.kw * p.dh);
    let ix = i32(pixel % p.ow * p.sw) - i32(p.pw) + i32(tap % p.kw * p.dw);
    let inside = pixel0 + ty < last && iy >= 0 && ix >= 0 && iy < i32(p.ih) && ix < i32(p.iw);
    let at = select(0, (row / p.oh * p.ih + u32(iy)) * p.iw + u32(ix), inside);
    x_slab[lid] = select(vec4f(0), load_x(at, i0 + 4 * tx), inside);
    dy_slab[lid] = load_dy(pixel, o0 + 4 * tx);
    workgroupBarrier();
#unroll k 16
    {
      let xv = x_slab[$k * 16 + ty];
      let dv = dy_slab[$k * 16 + tx];
#unroll q 4
      acc[$q] += xv[$q] * dv;
#end
    }
#end
    workgroupBarrier();
  }
  let base = (split * p.kh * p.kw + tap) * p.ci;
  let o = o0 + 4 * tx;
  if (i0 + 4 * ty < p.ci && o < p.co) {
#unroll i 4
    partial[((base + i0 + 4 * ty + $i) * p.co + o) / 4] = acc[$i];
#end
  }
}
