// What a product multiplies. F16: rounded to float16, for mixed precision; the products themselves and
// their sums are float32.
#if F16
enable f16;
fn operand(v: f32) -> f32 { return f32(f16(v)); }
fn operand4(v: vec4f) -> vec4f { return vec4f(vec4h(v)); }
#else
fn operand(v: f32) -> f32 { return v; }
fn operand4(v: vec4f) -> vec4f { return v; }
#endif
