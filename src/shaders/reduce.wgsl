// y[o, s, i] = reduction of x[o, k, i] over the k of segment s: s*step <= k < min((s+1)*step, size).
// x: [outer, size, inner], y: [outer, segments, inner]; T is f32, or vec4f when inner is a multiple
// of 4 (inner then counts vec4s). Grid: one invocation per element of y, inner fastest.
#include lib/grid
struct Params { n: u32, size: u32, inner: u32, segments: u32, step: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
#if ARGMAX
@group(0) @binding(1) var<storage, read_write> y: array<i32>;
#else
@group(0) @binding(1) var<storage, read_write> y: array<T>;
#endif
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  if (index >= p.n) { return; }
  let i = index % p.inner;
  let rest = index / p.inner;
  let first = (rest % p.segments) * p.step;
  let last = min(first + p.step, p.size);
  let base = (rest / p.segments) * p.size * p.inner + i;
#if SUM
  var total = T(0);
  for (var k = first; k < last; k++) { total += x[base + k * p.inner]; }
  y[index] = total * p.scale;
#elif MAX
  var best = x[base + first * p.inner];
  for (var k = first + 1; k < last; k++) { best = max(best, x[base + k * p.inner]); }
  y[index] = best;
#elif ARGMAX
  // The first of equal values wins.
  var best = x[base];
  var at = 0u;
  for (var k = 1u; k < last; k++) {
    let v = x[base + k * p.inner];
    if (v > best) { best = v; at = k; }
  }
  y[index] = i32(at);
#endif
}
