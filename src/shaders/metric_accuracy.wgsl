// y[i] = 1 where the prediction of row i is right, else 0.
//   BINARY: pred[i] > threshold is what labels[i] says; classes is 1
//   else:   the first largest of pred[i, :] is at the wanted place;
//   TOP_K:  fewer than k of pred[i, :] are larger than that at the wanted place
// Wanted is labels[i] (SPARSE), or where the first largest of labels[i, :] is.
// pred: [rows, classes], labels: [rows, classes] or [rows], y: [rows]. Grid: one invocation per row.
#include lib/grid
struct Params { rows: u32, classes: u32, threshold: f32, k: u32 }
@group(0) @binding(0) var<storage, read> pred: array<f32>;
#if SPARSE
@group(0) @binding(1) var<storage, read> labels: array<i32>;
#else
@group(0) @binding(1) var<storage, read> labels: array<f32>;
#endif
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

#if BINARY
fn is_right(row: u32) -> bool { return f32(pred[row] > p.threshold) == labels[row]; }
#else
fn wanted(row: u32) -> i32 {
#if SPARSE
  return labels[row];
#else
  let base = row * p.classes;
  var at = 0u;
  for (var k = 1u; k < p.classes; k++) {
    if (labels[base + k] > labels[base + at]) { at = k; }
  }
  return i32(at);
#endif
}

#if TOP_K
fn is_right(row: u32) -> bool {
  let base = row * p.classes;
  let at = wanted(row);
  if (at < 0 || at >= i32(p.classes)) { return false; }
  let score = pred[base + u32(at)];
  // NaN is not below anything, so that it is never among the largest.
  var larger = 0u;
  for (var k = 0u; k < p.classes; k++) { larger += u32(!(pred[base + k] <= score)); }
  return larger < p.k;
}
#else
fn is_right(row: u32) -> bool {
  let base = row * p.classes;
  var at = 0u;
  for (var k = 1u; k < p.classes; k++) {
    if (pred[base + k] > pred[base + at]) { at = k; }
  }
  return i32(at) == wanted(row);
}
#endif
#endif

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = linear_id(wid, nwg, lid);
  if (row < p.rows) { y[row] = f32(is_right(row)); }
}
