// The B operand of the GEMMs that stage slabs in workgroup memory.
// b: vec4 over four columns, row k of tile t at t * b_tile + k * b_row, rows of a step in order.
@group(0) @binding(1) var<storage, read> b: array<vec4f>;

// Row k of a slab at `step`; zeros from step1 on.
fn load_b(at: u32, step: u32, k: u32, step1: u32) -> vec4f {
  let inside = step + k / 4 < step1;
  return select(vec4f(0), b[at + select(0, 4 * step, inside) * p.b_row], inside);
}
