// Mean and deviation of the row of x that begins at `first`. The mean is only exact with `rest`, what
// rounding left out of it: rows may be long, and far from 0.
struct Params { rows: u32, c: u32, size: f32, epsilon: f32 }
struct Moments { mean: f32, rest: f32, deviation: f32 }

fn moments(first: u32) -> Moments {
  var sums = T(0);
  for (var i = first + lane; i < first + p.c; i += LANES) { sums += x[i]; }
  let mean = across_sum(sums) / p.size;
  var rests = T(0);
  var squares = T(0);
  for (var i = first + lane; i < first + p.c; i += LANES) {
    let d = x[i] - mean;
    rests += d;
    squares += d * d;
  }
  let rest = across_sum(rests) / p.size;
  let variance = max(across_sum(squares) / p.size - rest * rest, 0);
  return Moments(mean, rest, sqrt(variance + p.epsilon));
}
