// The targets of the cross-entropies: class numbers (flag LABELS) or rows of weights, smoothed:
// t' = t * (1 - smoothing) + smoothing / classes.
struct Params { rows: u32, c: u32, classes: i32, keep: f32, rest: f32, nan: f32 }
#if LABELS
@group(0) @binding(0) var<storage, read> labels: array<i32>;
#else
@group(0) @binding(0) var<storage, read> labels: array<T>;
#endif
@group(0) @binding(1) var<uniform> p: Params;

// The targets of the i-th T of a row.
fn goal(row: u32, i: u32) -> T {
#if LABELS
  return select(T(0), T(p.keep), columns(i) == I(labels[row])) + p.rest;
#else
  return labels[row * p.c + i] * p.keep + p.rest;
#endif
}

// 0; NaN where the class number is outside of [0, classes), which a shader cannot report otherwise.
fn verdict(row: u32) -> f32 {
#if LABELS
  let label = labels[row];
  return select(0.0, p.nan, label < 0 || label >= p.classes);
#else
  return 0;
#endif
}
