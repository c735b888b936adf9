// c = act(sum_s partial[s] + bias (+ c)): ends a product whose steps were summed in several parts.
// a: the partial sums, vec4 over columns: [splits, rows from m0 on, n / 4 rounded up], split_size vec4 each.
// c, bias, flags: lib/conv_rows. Grid: one invocation per vec4 of a split.
#include lib/grid
#include lib/conv_rows
#include lib/math

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  let columns = (p.n + 3) / 4;
  let row = p.m0 + i / columns;
  if (row >= p.m) { return; }
  let n = 4 * (i % columns);
  let pixel = row_of(row).c;
  var sum = bias4(n);
  for (var s = 0u; s < p.splits; s++) { sum += a[s * p.split_size + i]; }
  if (p.accumulate != 0) {
    let at = p.c_offset + pixel * p.c_stride;
#if C_VEC
    sum += c[(at + n) / 4];
#else
#unroll j 4
    sum[$j] += c[at + min(n + $j, p.n - 1)];
#end
#endif
  }
  store_c(pixel, n, sum);
}
