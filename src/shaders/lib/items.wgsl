// Calls item(i) for each i below p.count. An invocation does EACH neighbours: on a software adapter, where it costs as
// much to begin one as to load and store a vec4, several; on a GPU one, so that loads of a subgroup lie side by side.
// Grid: one invocation per EACH items.
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let first = linear_id(wid, nwg, lid) * EACH;
  let end = min(first + EACH, p.count);
  for (var i = first; i < end; i++) { item(i); }
}
