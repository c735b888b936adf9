// An operand of a product. MIXED: rounded to float16, to nearest and ties to even; below 2^-14 to 0, from 65,520
// on to infinity. What is multiplied and summed is still float32. Integers, because drivers drop a conversion to
// f16 and back, and may round quantizeToF16 down.
#if MIXED
fn operand4(v: vec4f) -> vec4f {
  let bits = bitcast<vec4u>(v);
  let size = bits & vec4u(0x7fffffff);
  let near = (size + 0xfff + ((size >> vec4u(13)) & vec4u(1))) & vec4u(0xffffe000);
  let finite = select(near, vec4u(0), near < vec4u(0x38800000));
  let all = select(finite, vec4u(0x7f800000), size >= vec4u(0x477ff000));
  // NaN stays.
  return bitcast<vec4f>(select(all, size, size > vec4u(0x7f800000)) | (bits & vec4u(0x80000000)));
}
#else
fn operand4(v: vec4f) -> vec4f { return v; }
#endif
fn operand(v: f32) -> f32 { return operand4(vec4f(v)).x; }
