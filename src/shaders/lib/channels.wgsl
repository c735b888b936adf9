// Calls item(place_of(pixel), q) for each pixel below p.pixels and each q below p.c. An invocation does EACH
// neighbours: on a software adapter, which divides integers one by one to find a pixel, several; on a GPU one, so that
// loads of a subgroup lie side by side.
// Grid: one invocation per (pixel, EACH channels), channels fastest.
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let index = linear_id(wid, nwg, lid);
  let groups = (p.c + EACH - 1) / EACH;
  let pixel = index / groups;
  if (pixel >= p.pixels) { return; }
  let place = place_of(pixel);
  let first = (index - pixel * groups) * EACH;
  let end = min(first + EACH, p.c);
  for (var q = first; q < end; q++) { item(place, q); }
}
