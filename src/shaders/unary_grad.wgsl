// dx[i] = dy[i] * f'(s[i]), where s is the input of f or its output, whichever is simpler;
// a, b, c as in unary.
// s, dy, dx: [ceil(n / 4)] vec4. Grid: items, one per vec4.
#include lib/items
#include lib/math
struct Params { count: u32, a: f32, b: f32, c: f32 }
@group(0) @binding(0) var<storage, read> s: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

fn derivative(s: vec4f) -> vec4f {
#if RELU
  return slope4(1, s);
#elif RELU6
  return slope4(2, s);
#elif SIGMOID
  return s * (1 - s);
#elif TANH
  return 1 - s * s;
#elif SWISH
  return slope4(5, s);
#elif EXP
  return s;
#elif LOG
  return 1 / s;
#elif SQRT
  return 0.5 / s;
#elif SQUARE
  return 2 * s;
#elif ABS
  return sign(s);
#elif RSQRT
  return -0.5 * s * s * s;
#elif SIGN
  return vec4f(0);
#elif CLIP
  return select(vec4f(0), vec4f(1), (s >= vec4f(p.a)) & (s <= vec4f(p.b)));
#elif POW
  if (p.a == 0) { return vec4f(0); }
  return p.a * power4(s, p.a - 1, -p.b);
#elif PIECEWISE
  return select(vec4f(p.a), select(vec4f(1), vec4f(0), s > vec4f(p.c)), s > vec4f(p.b));
#elif ELU
  return p.b * select(p.a * exp(s), vec4f(1), s > vec4f(0));
#elif GELU
  return normal4(s) + s * exp(-0.5 * s * s) * 0.39894228;
#elif GELU_TANH
  let g = sigmoid4(1.59576912 * s * (1 + 0.044715 * s * s));
  return g + s * g * (1 - g) * 1.59576912 * (1 + 0.134145 * s * s);
#elif HARD_SIGMOID
  return select(vec4f(0), vec4f(p.a), p.a * abs(s) < vec4f(0.5));
#elif HARD_SWISH
  return hard_sigmoid4(s, p.a) + select(vec4f(0), p.a * s, p.a * abs(s) < vec4f(0.5));
#elif MISH
  let e = exp(min(s, vec4f(20)));
  let n = e * (e + 2);
  return (n + 4 * s * e * (1 + e) / (n + 2)) / (n + 2);
#elif SOFTPLUS
  return sigmoid4(s);
#elif SOFTSIGN
  let d = 1 + abs(s);
  return 1 / (d * d);
#endif
}

fn item(i: u32) {
  dx[i] = dy[i] * derivative(s[i]);
}
