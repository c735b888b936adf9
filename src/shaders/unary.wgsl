// y[i] = f(x[i]), f chosen by a flag; the numbers a, b, c belong to f:
// CLIP: a, b are its ends. POW: a is the exponent, b multiplies |x|^a where x is negative. PIECEWISE:
// a is the slope up to b, c the largest result. ELU: b * (x, or a * (exp(x) - 1) below 0).
// HARD_SIGMOID, HARD_SWISH: a is the slope.
// x, y: [ceil(n / 4)] vec4. Grid: items, one per vec4.
#include lib/items
#include lib/math
struct Params { count: u32, a: f32, b: f32, c: f32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

fn f(x: vec4f) -> vec4f {
#if RELU
  return max(x, vec4f(0));
#elif RELU6
  return clamp(x, vec4f(0), vec4f(6));
#elif SIGMOID
  return sigmoid4(x);
#elif TANH
  return tanh4(x);
#elif SWISH
  return x * sigmoid4(x);
#elif EXP
  return exp(x);
#elif LOG
  return log(x);
#elif SQRT
  return sqrt(x);
#elif SQUARE
  return x * x;
#elif ABS
  return abs(x);
#elif RSQRT
  return inverseSqrt(x);
#elif SIGN
  return sign(x);
#elif CLIP
  return clamp(x, vec4f(p.a), vec4f(p.b));
#elif POW
  return power4(x, p.a, p.b);
#elif PIECEWISE
  return select(p.a * (x - p.b), min(x, vec4f(p.c)), x > vec4f(p.b));
#elif ELU
  return p.b * select(p.a * expm1_4(x), x, x > vec4f(0));
#elif GELU
  return x * normal4(x);
#elif GELU_TANH
  return x * sigmoid4(1.59576912 * x * (1 + 0.044715 * x * x));
#elif HARD_SIGMOID
  return hard_sigmoid4(x, p.a);
#elif HARD_SWISH
  return x * hard_sigmoid4(x, p.a);
#elif MISH
  let e = exp(min(x, vec4f(20)));
  let n = e * (e + 2);
  return x * n / (n + 2);
#elif SOFTPLUS
  return max(x, vec4f(0)) + log1p4(exp(-abs(x)));
#elif SOFTSIGN
  return x / (1 + abs(x));
#endif
}

fn item(i: u32) {
  y[i] = f(x[i]);
}
