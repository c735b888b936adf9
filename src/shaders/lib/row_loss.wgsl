// Losses that are a sum or mean over the last axis, and their derivatives by x. The flag says which:
// SQUARED, ABSOLUTE, HUBER, LOG_COSH: of the difference d = x - t;
// BINARY, BINARY_FOCAL: the binary cross-entropy of probabilities, or with LOGITS of scores; focal: times
//   alpha (BALANCED: between alpha and 1 - alpha by t) and (1 - probability of the target)^gamma;
// CATEGORICAL_FOCAL: of probabilities that add up to 1; DIVERGENCE: Kullback and Leibler's.
// Probabilities are clipped to [1e-7, 1 - 1e-7], those of DIVERGENCE to [1e-7, 1].
// Targets are smoothed: t' = t * keep + rest. `size` divides the sum.
struct Params {
  rows: u32, c: u32, size: f32,
  keep: f32, rest: f32,
  delta: f32, alpha: f32, gamma: f32,
}

fn clip(q: T) -> T { return clamp(q, T(1e-7), T(1 - 1e-7)); }
fn clip_divergence(q: T) -> T { return clamp(q, T(1e-7), T(1)); }

// b^e for 0 <= b <= 1; pow(0, 0) would be NaN.
fn power(b: T, e: f32) -> T { return pow(max(b, T(1e-30)), T(e)); }

// 1 / (1 + exp(-x)), without overflow.
fn sigmoid(x: T) -> T {
  let e = exp(-abs(x));
  return select(T(1), e, x < T(0)) / (1 + e);
}

fn binary_cross_entropy(x: T, t: T) -> T {
#if LOGITS
  return max(x, T(0)) - x * t + log(1 + exp(-abs(x)));
#else
  let q = clip(x);
  return -(t * log(q) + (1 - t) * log(1 - q));
#endif
}

// Of binary_cross_entropy by x.
fn binary_slope(x: T, t: T) -> T {
#if LOGITS
  return sigmoid(x) - t;
#else
  let q = clip(x);
  return select(T(0), (q - t) / (q * (1 - q)), q == x);
#endif
}

#if BINARY_FOCAL
// 1 - the probability given to the target, and its derivative by x.
struct Miss { value: T, slope: T }
fn miss(x: T, t: T) -> Miss {
#if LOGITS
  let yes = sigmoid(x);
  let no = sigmoid(-x);
  return Miss(t * no + (1 - t) * yes, (1 - 2 * t) * yes * no);
#else
  return Miss(t * (1 - x) + (1 - t) * x, 1 - 2 * t);
#endif
}

fn balance(t: T) -> T {
#if BALANCED
  return t * p.alpha + (1 - t) * (1 - p.alpha);
#else
  return T(1);
#endif
}
#endif

fn term(x: T, target_: T) -> T {
  let t = target_ * p.keep + p.rest;
#if SQUARED
  return (x - t) * (x - t);
#elif ABSOLUTE
  return abs(x - t);
#elif HUBER
  let d = abs(x - t);
  return select(p.delta * (d - 0.5 * p.delta), 0.5 * d * d, d <= T(p.delta));
#elif LOG_COSH
  let d = abs(x - t);
  return d + log(0.5 + 0.5 * exp(-2 * d));
#elif BINARY
  return binary_cross_entropy(x, t);
#elif BINARY_FOCAL
  return balance(t) * power(miss(x, t).value, p.gamma) * binary_cross_entropy(x, t);
#elif CATEGORICAL_FOCAL
  let q = clip(x);
  return -p.alpha * power(1 - q, p.gamma) * t * log(q);
#elif DIVERGENCE
  let u = clip_divergence(t);
  return u * log(u / clip_divergence(x));
#endif
}

fn derivative(x: T, target_: T) -> T {
  let t = target_ * p.keep + p.rest;
#if SQUARED
  return 2 * (x - t);
#elif ABSOLUTE
  return sign(x - t);
#elif HUBER
  return clamp(x - t, T(-p.delta), T(p.delta));
#elif LOG_COSH
  return tanh(clamp(x - t, T(-10), T(10)));
#elif BINARY
  return binary_slope(x, t);
#elif BINARY_FOCAL
  let m = miss(x, t);
  let factor = p.gamma * power(m.value, p.gamma - 1) * m.slope;
  return balance(t) *
    (factor * binary_cross_entropy(x, t) + power(m.value, p.gamma) * binary_slope(x, t));
#elif CATEGORICAL_FOCAL
  let q = clip(x);
  let slope = p.gamma * power(1 - q, p.gamma - 1) * log(q) - power(1 - q, p.gamma) / q;
  return select(T(0), p.alpha * t * slope, q == x);
#elif DIVERGENCE
  let q = clip_divergence(x);
  return select(T(0), -clip_divergence(t) / q, q == x);
#endif
}
