import { map, zeros, type Array64 } from './array.js';
import { activations, derivative, type ActivationName } from './activations.js';

/**
 * A bilinear op written as the list of its products: `y[k] += a[i] * b[j]` for every visit(i, j, k).
 * Forward and both gradients walk the same list: da[i] += b[j] * dy[k], db[j] += a[i] * dy[k].
 */
export interface Contraction {
  readonly shape: readonly number[];
  readonly products: (visit: (i: number, j: number, k: number) => void) => void;
}

export interface Epilogue {
  readonly bias?: Array64;
  readonly activation?: ActivationName;
}

/** Gradients of a contraction with bias. */
export interface AffineGradients {
  readonly dx: Array64;
  readonly dw: Array64;
  readonly dbias: Array64;
}

export function contract(op: Contraction, a: Array64, b: Array64): Array64 {
  const y = zeros(op.shape);
  op.products((i, j, k) => {
    y.data[k]! += a.data[i]! * b.data[j]!;
  });
  return y;
}

export function contractBackward(
  op: Contraction,
  a: Array64,
  b: Array64,
  dy: Array64,
): [da: Array64, db: Array64] {
  const da = zeros(a.shape);
  const db = zeros(b.shape);
  op.products((i, j, k) => {
    da.data[i]! += b.data[j]! * dy.data[k]!;
    db.data[j]! += a.data[i]! * dy.data[k]!;
  });
  return [da, db];
}

function preActivation(op: Contraction, x: Array64, w: Array64, bias?: Array64): Array64 {
  const z = contract(op, x, w);
  return bias ? map(z, (value, i) => value + bias.data[i % bias.data.length]!) : z;
}

/** activation(x (*) w + bias), bias and activation optional. */
export function affine(
  op: Contraction,
  x: Array64,
  w: Array64,
  { bias, activation }: Epilogue,
): Array64 {
  const z = preActivation(op, x, w, bias);
  return activation ? map(z, activations[activation]) : z;
}

/** The gradients of `affine`; `dbias` is the sum of the gradient before the bias, per channel. */
export function affineBackward(
  op: Contraction,
  x: Array64,
  w: Array64,
  dy: Array64,
  { bias, activation }: Epilogue,
): AffineGradients {
  const z = activation && preActivation(op, x, w, bias);
  const slope = activation && derivative(activations[activation]);
  const dz = z && slope ? map(dy, (value, k) => value * slope(z.data[k]!)) : dy;
  const [dx, dw] = contractBackward(op, x, w, dz);
  const dbias = zeros([op.shape.at(-1)!]);
  dz.data.forEach((value, k) => {
    dbias.data[k % dbias.data.length]! += value;
  });
  return { dx, dw, dbias };
}
