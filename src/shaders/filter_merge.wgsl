// dw[tap, i, o] = sum_s partial[s, tap, i, o]: adds the splits of a filter gradient and drops padded channels.
// partial: f32 [splits, taps, ci_padded, co_padded]; dw: f32 [taps, ci, co]. Grid: items, one per value of dw.
#include lib/items
struct Params { count: u32, splits: u32, ci: u32, co: u32, ci_padded: u32, co_padded: u32, split_size: u32 }
@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> dw: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  let row = i / p.co;
  let tap = row / p.ci;
  let at = (tap * p.ci_padded + row - tap * p.ci) * p.co_padded + i - row * p.co;
  var sum = 0.0;
  for (var s = 0u; s < p.splits; s++) { sum += partial[s * p.split_size + at]; }
  dw[i] = sum;
}
