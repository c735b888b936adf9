// The operands of a product. MIXED: rounded to float16, below 2^-14 to 0, beyond 65,504 to infinity; what is
// multiplied and summed is still float32. (Compilers drop a conversion to f16 and back.)
#if MIXED
fn operand(v: f32) -> f32 { return quantizeToF16(v); }
fn operand4(v: vec4f) -> vec4f { return quantizeToF16(v); }
#else
fn operand(v: f32) -> f32 { return v; }
fn operand4(v: vec4f) -> vec4f { return v; }
#endif
