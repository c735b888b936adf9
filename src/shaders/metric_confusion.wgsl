// y[s, j, t] = weight of the elements of segment s that at threshold t are true positives (j = 0),
// false positives (1), true negatives (2) or false negatives (3). An element is positive when
//   EVEN:  t is 0, or pred clipped to 0..1 is larger than t / (thresholds - 1)
//   else:  pred > limits[t]
// and with TOP_K also only when it is among the k largest of its row, the first of equal ones first.
// Elements are those of pred; with CLASS those of one column.
// pred, target: [rows, classes], limits: [thresholds], weights: [samples], one for every `each`
// elements; y: [segments, 4, thresholds]. Grid: one invocation per segment and threshold.
#include lib/grid
struct Params {
  elements: u32, segments: u32, step: u32, thresholds: u32, classes: u32, each: u32, k: u32,
  column: u32
}
@group(0) @binding(0) var<storage, read> pred: array<f32>;
@group(0) @binding(1) var<storage, read> target_: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;
#if WEIGHTED
@group(0) @binding(4) var<storage, read> weights: array<f32>;
#endif
#if EVEN
#else
@group(0) @binding(5) var<storage, read> limits: array<f32>;
#endif

fn is_positive(at: u32, t: u32) -> bool {
  let x = pred[at];
#if TOP_K
  let base = at - at % p.classes;
  var before = 0u;
  for (var i = base; i < base + p.classes; i++) {
    before += u32(pred[i] > x || (pred[i] == x && i < at));
  }
  if (before >= p.k) { return false; }
#endif
#if EVEN
  return t == 0 || clamp(x, 0.0, 1.0) * f32(p.thresholds - 1) > f32(t);
#else
  return x > limits[t];
#endif
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  let segment = index / p.thresholds;
  let t = index % p.thresholds;
  if (segment >= p.segments) { return; }
  var counts = vec4f(0);
  for (var e = segment * p.step; e < min((segment + 1) * p.step, p.elements); e++) {
#if CLASS
    let at = e * p.classes + p.column;
#else
    let at = e;
#endif
#if WEIGHTED
    let weight = weights[e / p.each];
#else
    let weight = 1.0;
#endif
    let kind = vec2<bool>(is_positive(at, t), target_[at] != 0);
    counts += vec4f(vec4<bool>(all(kind), kind.x && !kind.y, !any(kind), kind.y && !kind.x)) * weight;
  }
  for (var j = 0u; j < 4; j++) { y[(segment * 4 + j) * p.thresholds + t] = counts[j]; }
}
