// Activations and their derivatives on four values at a time.

fn sigmoid4(x: vec4f) -> vec4f {
  // exp of a negative number only, so that nothing overflows.
  let e = exp(-abs(x));
  return select(vec4f(1), e, x < vec4f(0)) / (1 + e);
}

fn tanh4(x: vec4f) -> vec4f {
  // WGSL's tanh may overflow for large arguments; beyond 10 the result is 1 in float32.
  return tanh(clamp(x, vec4f(-10), vec4f(10)));
}

// Numbers of the activations a kernel can apply in its epilogue; see ops/activation.ts.
fn activate(kind: u32, x: vec4f) -> vec4f {
  switch kind {
    case 1u: { return max(x, vec4f(0)); }
    case 2u: { return clamp(x, vec4f(0), vec4f(6)); }
    case 3u: { return sigmoid4(x); }
    case 4u: { return tanh4(x); }
    case 5u: { return x * sigmoid4(x); }
    default: { return x; }
  }
}
