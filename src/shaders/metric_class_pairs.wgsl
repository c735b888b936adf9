// pairs[a, b] += weight of the rows i whose target is class a and whose prediction is class b.
// Weights are cut to integers, as in Keras, so that the order of the sums does not matter. Rows of a
// class outside of [0, count), and those of class `ignored`, do not count.
//   ROW_PRED:     the first largest of pred[i, :]; else the number pred[i], cut to an integer
//   ROW_TARGET:   the first largest of target[i, :]; else the number target[i]
//   INT_TARGET:   target is i32; else f32
// pred, target: [rows, classes] or [rows], weights: [samples], one for every `each` rows,
// pairs: [count, count]. Grid: one invocation per row.
#include lib/grid
struct Params { rows: u32, classes: u32, count: i32, each: u32, ignored: i32 }
@group(0) @binding(0) var<storage, read> pred: array<f32>;
#if INT_TARGET
@group(0) @binding(1) var<storage, read> target_: array<i32>;
#else
@group(0) @binding(1) var<storage, read> target_: array<f32>;
#endif
@group(0) @binding(2) var<storage, read_write> pairs: array<atomic<i32>>;
@group(0) @binding(3) var<uniform> p: Params;
#if WEIGHTED
@group(0) @binding(4) var<storage, read> weights: array<f32>;
#endif

fn predicted(row: u32) -> i32 {
#if ROW_PRED
  let base = row * p.classes;
  var at = 0u;
  for (var k = 1u; k < p.classes; k++) {
    if (pred[base + k] > pred[base + at]) { at = k; }
  }
  return i32(at);
#else
  return i32(pred[row]);
#endif
}

fn wanted(row: u32) -> i32 {
#if ROW_TARGET
  let base = row * p.classes;
  var at = 0u;
  for (var k = 1u; k < p.classes; k++) {
    if (target_[base + k] > target_[base + at]) { at = k; }
  }
  return i32(at);
#else
  return i32(target_[row]);
#endif
}

fn is_class(number: i32) -> bool { return number >= 0 && number < p.count; }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = linear_id(wid, nwg, lid);
  if (row >= p.rows) { return; }
  let a = wanted(row);
  let b = predicted(row);
  if (!is_class(a) || !is_class(b) || a == p.ignored) { return; }
#if WEIGHTED
  let weight = i32(weights[row / p.each]);
#else
  let weight = 1;
#endif
  atomicAdd(&pairs[a * p.count + b], weight);
}
