import { map, type Array64 } from './array.js';

export type Scalar = (x: number) => number;

export type ActivationName = 'relu' | 'relu6' | 'sigmoid' | 'tanh' | 'swish';

const sigmoid: Scalar = (x) => 1 / (1 + Math.exp(-x));

export const activations: Readonly<Record<ActivationName, Scalar>> = {
  relu: (x) => Math.max(x, 0),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  sigmoid,
  tanh: Math.tanh,
  swish: (x) => x * sigmoid(x),
};

export type UnaryName = ActivationName | 'exp' | 'log' | 'sqrt' | 'square' | 'neg' | 'abs';

export const unaries: Readonly<Record<UnaryName, Scalar>> = {
  ...activations,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  square: (x) => x * x,
  neg: (x) => -x,
  abs: Math.abs,
};

export function unary(name: UnaryName, x: Array64): Array64 {
  return map(x, unaries[name]);
}

/** The slope of a scalar function, by central difference. */
export function derivative(f: Scalar, h = 1e-5): Scalar {
  return (x) => (f(x + h) - f(x - h)) / (2 * h);
}
