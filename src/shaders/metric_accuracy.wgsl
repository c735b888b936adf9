// y[i] = 1 where the prediction of row i is right, else 0.
//   SPARSE:       the first largest of pred[i, :] is at labels[i]
//   CATEGORICAL:  the first largest of pred[i, :] and of target[i, :] are at the same place
//   BINARY:       pred[i] > 0.5 is what target[i] says
// pred, target: [rows, classes], labels, y: [rows]. Grid: one invocation per row.
#include lib/grid
struct Params { rows: u32, classes: u32 }
@group(0) @binding(0) var<storage, read> pred: array<f32>;
#if SPARSE
@group(0) @binding(1) var<storage, read> labels: array<i32>;
#else
@group(0) @binding(1) var<storage, read> labels: array<f32>;
#endif
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

fn predicted(row: u32) -> i32 {
  let base = row * p.classes;
  var at = 0u;
  for (var k = 1u; k < p.classes; k++) {
    if (pred[base + k] > pred[base + at]) { at = k; }
  }
  return i32(at);
}

#if CATEGORICAL
fn wanted(row: u32) -> i32 {
  let base = row * p.classes;
  var at = 0u;
  for (var k = 1u; k < p.classes; k++) {
    if (labels[base + k] > labels[base + at]) { at = k; }
  }
  return i32(at);
}
#endif

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = linear_id(wid, nwg, lid);
  if (row >= p.rows) { return; }
#if SPARSE
  y[row] = f32(predicted(row) == labels[row]);
#elif CATEGORICAL
  y[row] = f32(predicted(row) == wanted(row));
#else
  y[row] = f32(f32(pred[row] > 0.5) == labels[row]);
#endif
}
