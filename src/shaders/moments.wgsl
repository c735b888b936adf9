// Mean of each channel over the rows of each segment, what its rounding leaves out (rest), and the sum
// of squared distances from it (spread): two passes over a short segment lose nothing where the mean
// is far from 0.
// x: [rows, c], partial: mean, spread and rest, [segments, 3, c]; T is f32, or vec4f when c is a multiple of 4 (c then
// counts vec4s). Grid: one invocation per (segment, channel), channels fastest.
#include lib/grid
struct Params { n: u32, c: u32, rows: u32, step: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> partial: array<T>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.n) { return; }
  let segment = index / p.c;
  let q = index - segment * p.c;
  let first = segment * p.step;
  let last = min(first + p.step, p.rows);
  let shift = x[first * p.c + q];
  var sum = T(0);
  for (var r = first; r < last; r++) { sum += x[r * p.c + q] - shift; }
  let m = shift + sum / f32(last - first);
  sum = T(0);
  var squares = T(0);
  for (var r = first; r < last; r++) {
    let d = x[r * p.c + q] - m;
    sum += d;
    squares += d * d;
  }
  let at = segment * 3 * p.c + q;
  partial[at] = m;
  partial[at + p.c] = squares;
  partial[at + 2 * p.c] = sum / f32(last - first);
}
