// The end of a product: its activation. p.low, p.high: bounds of the clamp.
// ACTIVATION 0: none, relu and relu6 are one clamp, which keeps NaN.
fn finish(v: vec4f) -> vec4f {
#if ACTIVATION
  return activate(ACTIVATION, v);
#else
  let least = select(v, vec4f(p.low), v < vec4f(p.low));
  return select(least, vec4f(p.high), least > vec4f(p.high));
#endif
}
