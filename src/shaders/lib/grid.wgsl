// Number of this invocation among all, for kernels that use a one-dimensional range. The host folds
// more than 65,535 workgroups into y. WG is the workgroup size.
fn linear_id(wid: vec3u, nwg: vec3u, lid: u32) -> u32 {
  return (wid.y * nwg.x + wid.x) * WG + lid;
}
