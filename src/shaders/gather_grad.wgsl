// dx[r, q] = sum of dy[k, q] over the k with indices[k] = r, in order.
// indices: [count], dy: [count, c], dx: [rows, c]; T is f32, or vec4f when c is a multiple of 4 (c then
// counts vec4s). Grid: one invocation per element of dx.
#include lib/grid
struct Params { n: u32, c: u32, count: u32 }
@group(0) @binding(0) var<storage, read> indices: array<i32>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read_write> dx: array<T>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.n) { return; }
  let row = i32(i / p.c);
  var total = T(0);
  for (var k = 0u; k < p.count; k++) {
    if (indices[k] == row) { total += dy[k * p.c + i % p.c]; }
  }
  dx[i] = total;
}
