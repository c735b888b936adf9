// Mean of each channel over the rows of each segment, what its rounding leaves out (rest), and the sum
// of squared distances from it (spread): two passes over a short segment lose nothing where the mean
// is far from 0.
// x: [rows, c], mean, spread, rest: [segments, c]; T is f32, or vec4f when c is a multiple of 4 (c then
// counts vec4s). Grid: one invocation per element of mean, channels fastest.
#include lib/grid
struct Params { n: u32, c: u32, rows: u32, step: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> mean: array<T>;
@group(0) @binding(2) var<storage, read_write> spread: array<T>;
@group(0) @binding(3) var<storage, read_write> rest: array<T>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.n) { return; }
  let q = index % p.c;
  let first = (index / p.c) * p.step;
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
  mean[index] = m;
  spread[index] = squares;
  rest[index] = sum / f32(last - first);
}
