// Losses that are a mean over the last axis, and their derivatives: SQUARED, the squared difference;
// LOGITS, the binary cross-entropy of scores; else that of probabilities, clipped to [1e-7, 1 - 1e-7].
// Targets are smoothed: t' = t * keep + rest.
struct Params { rows: u32, c: u32, size: f32, keep: f32, rest: f32 }

fn clip(q: T) -> T { return clamp(q, T(1e-7), T(1 - 1e-7)); }

fn term(x: T, target_: T) -> T {
  let t = target_ * p.keep + p.rest;
#if SQUARED
  return (x - t) * (x - t);
#elif LOGITS
  return max(x, T(0)) - x * t + log(1 + exp(-abs(x)));
#else
  let q = clip(x);
  return -(t * log(q) + (1 - t) * log(1 - q));
#endif
}

fn derivative(x: T, target_: T) -> T {
  let t = target_ * p.keep + p.rest;
#if SQUARED
  return 2 * (x - t);
#elif LOGITS
  let e = exp(-abs(x));
  return select(T(1), e, x < T(0)) / (1 + e) - t;
#else
  let q = clip(x);
  return select(T(0), (q - t) / (q * (1 - q)), q == x);
#endif
}
