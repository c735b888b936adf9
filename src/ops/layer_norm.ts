import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { formatShape, sameShape, sizeOf } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import { mul } from './binary.js';
import { checkFloat } from './elementwise.js';
import { ones, zeros } from './fill.js';
import { reshape } from './movement.js';
import { reduceRaw } from './reduce.js';
import { runRows, type Rows } from './rows.js';

/** Options of `layerNorm`. */
export interface LayerNormOptions {
  /** How many of the last axes are normalised together. Default 1. */
  readonly axes?: number;
  /** Added to the variance. Default 1e-3, as in Keras. */
  readonly epsilon?: number;
}

/**
 * Layer normalisation: (x - mean) / sqrt(variance + epsilon) * gamma + beta, with mean and variance of
 * each sample over its last axes. Source: Ba, Kiros and Hinton, "Layer Normalization", 2016.
 *
 * @param x [..., c], or [..., h, w, c] with `axes: 3`
 * @param gamma the last `axes` axes of x
 * @param beta the same
 * @returns the shape of x
 * @throws FoveaError when the shapes disagree
 */
export function layerNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { axes = 1, epsilon = 1e-3 }: LayerNormOptions = {},
): Tensor {
  const op = 'layerNorm';
  checkFloat(op, x, gamma, beta);
  const rows = rowsOf(op, x, axes);
  checkScales(op, x, { gamma, beta }, axes);
  if (!(epsilon >= 0)) {
    throw new FoveaError('ARGUMENT', `${op}: epsilon must not be negative, got ${epsilon}`);
  }
  const y = normalise(op, rows, x, gamma, beta, epsilon);
  return record(op, [x, gamma, beta], y, [x, gamma], (dy, [input, scale], needs) => [
    needs[0] ? inputGradient(op, rows, { x: input!, dy }, scale!, epsilon) : undefined,
    needs[1] ? gammaGradient(op, rows, { x: input!, dy }, scale!.shape, epsilon) : undefined,
    needs[2] ? rowSum(op, rows, dy, scale!.shape) : undefined,
  ]);
}

function rowsOf(op: string, { shape }: Tensor, axes: number): Rows {
  if (!Number.isInteger(axes) || axes < 1 || axes > shape.length) {
    throw new FoveaError(
      'ARGUMENT',
      `${op}: axes is how many of the last axes of x ${formatShape(shape)} to normalise, got ${axes}`,
    );
  }
  const leading = shape.slice(0, -axes);
  const c = sizeOf(shape.slice(-axes));
  if (c === 0) {
    throw new FoveaError('SHAPE', `${op}: x ${formatShape(shape)} has nothing to normalise`);
  }
  return { rows: sizeOf(leading), c, leading };
}

function checkScales(
  op: string,
  x: Tensor,
  scales: Readonly<Record<string, Tensor>>,
  axes: number,
): void {
  const wanted = x.shape.slice(-axes);
  for (const [name, { shape }] of Object.entries(scales)) {
    if (sameShape(shape, wanted)) continue;
    throw new FoveaError(
      'SHAPE',
      `${op}: ${name} ${formatShape(shape)} does not fit x ${formatShape(x.shape)}`,
      { hint: `${name} has the shape of the last axes of x: ${formatShape(wanted)}.` },
    );
  }
}

function normalise(
  op: string,
  rows: Rows,
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  epsilon: number,
): Tensor {
  const y = empty(x.shape, x.dtype);
  const params = { size: rows.c, epsilon };
  const tensors = { wide: { x, y }, channels: { gamma, beta } };
  runRows(rows, { op, name: 'layer_norm', flags: {}, params, ...tensors });
  return y;
}

function inputGradient(
  op: string,
  rows: Rows,
  { x, dy }: Readonly<Record<'x' | 'dy', Tensor>>,
  gamma: Tensor,
  epsilon: number,
): Tensor {
  const dx = empty(x.shape, x.dtype);
  const params = { size: rows.c, epsilon };
  const tensors = { wide: { x, dy, dx }, channels: { gamma } };
  runRows(rows, { op: `${op} gradient`, name: 'layer_norm_grad', flags: {}, params, ...tensors });
  return dx;
}

/** Sum over the rows of dy times the normalised x. */
function gammaGradient(
  op: string,
  rows: Rows,
  { x, dy }: Readonly<Record<'x' | 'dy', Tensor>>,
  shape: readonly number[],
  epsilon: number,
): Tensor {
  const normal = normalise(`${op} gradient`, rows, x, ones([rows.c]), zeros([rows.c]), epsilon);
  return rowSum(op, rows, mul(dy, normal), shape);
}

function rowSum(op: string, { rows, c }: Rows, dy: Tensor, shape: readonly number[]): Tensor {
  const kept = reduceRaw(`${op} gradient`, 'SUM', reshape(dy, [rows, c]), [0], 1, 'float32');
  return reshape(kept, shape);
}
