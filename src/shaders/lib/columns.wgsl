// For kernels that end sums over rows: a workgroup has COLUMNS neighbouring columns, the rows of each are shared out
// to LANES invocations: on a GPU several, which meet in workgroup memory (SHARED); on a software adapter, where that
// takes a millisecond, one.
// Flags: COLUMNS, LANES (a power of two), SHARED; T is f32, or vec4f when columns come in fours.
#if SHARED
var<workgroup> parts: array<T, COLUMNS * LANES>;

// The sum over the invocations of a column, for all of them.
fn across_rows(v: T, lid: u32) -> T {
  workgroupBarrier();
  parts[lid] = v;
  for (var width = u32(LANES / 2); width > 0; width /= 2) {
    workgroupBarrier();
    if (lid < width * COLUMNS) { parts[lid] += parts[lid + width * COLUMNS]; }
  }
  workgroupBarrier();
  return parts[lid % COLUMNS];
}
#else
fn across_rows(v: T, lid: u32) -> T { return v; }
#endif
