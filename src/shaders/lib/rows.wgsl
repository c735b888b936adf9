// For kernels with one invocation per row: sums and maxima across T, which is f32, or vec4f when
// rows are a multiple of 4 long (flag VEC), and the column numbers of the i-th T of a row, of type I.
#if VEC
alias I = vec4i;
fn across_sum(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }
fn across_max(v: vec4f) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }
fn columns(i: u32) -> I { return vec4i(i32(i * 4)) + vec4i(0, 1, 2, 3); }
#else
alias I = i32;
fn across_sum(v: f32) -> f32 { return v; }
fn across_max(v: f32) -> f32 { return v; }
fn columns(i: u32) -> I { return i32(i); }
#endif
