// Activations and their derivatives on four values at a time.

fn sigmoid4(x: vec4f) -> vec4f {
  // exp of a negative number only, so that nothing overflows.
  let e = exp(-abs(x));
  return select(vec4f(1), e, x < vec4f(0)) / (1 + e);
}

fn hard_sigmoid4(x: vec4f, slope: f32) -> vec4f {
  return clamp(slope * x + 0.5, vec4f(0), vec4f(1));
}

fn tanh4(x: vec4f) -> vec4f {
  // WGSL's tanh may overflow for large arguments; beyond 10 the result is 1 in float32.
  return tanh(clamp(x, vec4f(-10), vec4f(10)));
}

// log(1 + e) for 0 <= e <= 1; where 1 + e would lose digits of e, its power series.
fn log1p4(e: vec4f) -> vec4f {
  let series = e * (1 - e * (0.5 - e * (1.0 / 3 - e * (0.25 - e * 0.2))));
  return select(log(1 + e), series, e < vec4f(0.06));
}

// exp(x) - 1; where the difference would lose digits of x, its power series.
fn expm1_4(x: vec4f) -> vec4f {
  let series = x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5 * (1 + x / 6)))));
  return select(exp(x) - 1, series, abs(x) < vec4f(0.25));
}

// The normal distribution: the share of values below x. Its tail is exact to 1.2e-7 of itself.
// Source: Press et al., "Numerical Recipes", section 6.2, erfcc.
fn normal4(x: vec4f) -> vec4f {
  let z = abs(x) * 0.70710678;
  let t = 1 / (1 + 0.5 * z);
  let q = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 +
    t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  let tail = 0.5 * t * exp(q - z * z);
  return select(1 - tail, tail, x < vec4f(0));
}

// |x|^e, times `negative` where x is negative. WGSL's pow is exp2(e * log2(x)): NaN for 0^0.
fn power4(x: vec4f, e: f32, negative: f32) -> vec4f {
  if (e == 0) { return vec4f(1); }
  return pow(abs(x), vec4f(e)) * select(vec4f(1), vec4f(negative), x < vec4f(0));
}

// Numbers of the activations a kernel can apply in its epilogue; see ops/activation.ts.
fn activate(kind: u32, x: vec4f) -> vec4f {
  switch kind {
    case 1u: { return select(x, vec4f(0), x < vec4f(0)); }
    case 2u: { return select(select(x, vec4f(0), x < vec4f(0)), vec4f(6), x > vec4f(6)); }
    case 3u: { return sigmoid4(x); }
    case 4u: { return tanh4(x); }
    case 5u: { return x * sigmoid4(x); }
    default: { return x; }
  }
}

// Their derivatives at x.
fn slope4(kind: u32, x: vec4f) -> vec4f {
  switch kind {
    case 1u: { return select(vec4f(0), vec4f(1), x > vec4f(0)); }
    case 2u: { return select(vec4f(0), vec4f(1), (x > vec4f(0)) & (x < vec4f(6))); }
    case 3u: {
      let g = sigmoid4(x);
      return g * (1 - g);
    }
    case 4u: {
      let t = tanh4(x);
      return 1 - t * t;
    }
    case 5u: {
      let g = sigmoid4(x);
      return g * (1 + x * (1 - g));
    }
    default: { return vec4f(1); }
  }
}
