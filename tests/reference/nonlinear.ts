import type { Scalar } from './activations.js';

/** The error function: its power series, and Laplace's continued fraction for the tail. */
function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x > 1.5) {
    let fraction = 0;
    for (let k = 300; k > 0; k--) fraction = k / 2 / (x + fraction);
    return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
  }
  let term = x;
  let sum = x;
  for (let k = 1; k < 100; k++) {
    term *= (-x * x) / k;
    sum += term / (2 * k + 1);
  }
  return 1 - (2 / Math.sqrt(Math.PI)) * sum;
}

const gelu: Scalar = (x) => (x * erfc(-x / Math.SQRT2)) / 2;
const geluTanh: Scalar = (x) =>
  (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

const elu =
  (alpha: number): Scalar =>
  (x) =>
    x > 0 ? x : alpha * Math.expm1(x);

const relu =
  (negativeSlope: number, maxValue: number, threshold: number): Scalar =>
  (x) =>
    x > threshold ? Math.min(x, maxValue) : negativeSlope * (x - threshold);

const clip =
  (low: number, high: number): Scalar =>
  (x) =>
    Math.min(Math.max(x, low), high);

const pow =
  (exponent: number): Scalar =>
  (x) =>
    x ** exponent;

/** Functions of one number, as Keras defines them. */
export const nonlinear = {
  elu,
  relu,
  clip,
  pow,
  gelu,
  geluTanh,
  selu: (x: number): number => 1.0507009873554805 * elu(1.6732632423543772)(x),
  hardSigmoid:
    (slope: number): Scalar =>
    (x) =>
      Math.min(Math.max(slope * x + 0.5, 0), 1),
  hardSwish: (x: number): number => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
  mish: (x: number): number => x * Math.tanh(Math.log1p(Math.exp(x))),
  softplus: (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  softsign: (x: number): number => x / (1 + Math.abs(x)),
  rsqrt: (x: number): number => 1 / Math.sqrt(x),
};
