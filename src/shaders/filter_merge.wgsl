// dw[tap, i, o] = sum_s partial[s, tap, i, o]: adds the splits of a filter gradient and drops padded channels.
// partial: f32 [splits, taps, ci_padded, co_padded]; dw: f32 [taps, ci, co]. Grid: one invocation per value of dw.
#include lib/grid
struct Params { count: u32, splits: u32, ci: u32, co: u32, ci_padded: u32, co_padded: u32, split_size: u32 }
@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> dw: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.count) { return; }
  let row = i / p.co;
  let tap = row / p.ci;
  let at = (tap * p.ci_padded + row - tap * p.ci) * p.co_padded + i - row * p.co;
  var sum = 0.0;
  for (var s = 0u; s < p.splits; s++) { sum += partial[s * p.split_size + at]; }
  dw[i] = sum;
}
