// Value i of six: what an array would be that no driver keeps in memory.
fn entry(i: u32, v0: f32, v1: f32, v2: f32, v3: f32, v4: f32, v5: f32) -> f32 {
  let first = select(select(v0, v1, i == 1), v2, i == 2);
  return select(select(select(first, v3, i == 3), v4, i == 4), v5, i == 5);
}

fn entry4(i: u32, v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f, v4: vec4f, v5: vec4f) -> vec4f {
  let first = select(select(v0, v1, i == 1), v2, i == 2);
  return select(select(select(first, v3, i == 3), v4, i == 4), v5, i == 5);
}
