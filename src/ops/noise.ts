import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import type { Live } from '../gpu/commands.js';
import { seedParams } from '../random.js';
import { formatShape } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import { checkFloat, elementWindows } from './elementwise.js';
import { part, runItems } from './run.js';

/** Options of `gaussianNoise`. */
export interface GaussianNoiseOptions {
  /** Standard deviation, from 0. */
  readonly stddev: number;
  /**
   * An integer from 0 to 2^53 - 1: the same seed gives the same noise. A function gives the seed
   * of each step.
   */
  readonly seed: Live<number>;
}

/**
 * Adds normally distributed noise of mean 0 to each element. The gradient passes unchanged.
 *
 * @param x any shape
 * @throws FoveaError when x is no float tensor, or stddev is negative
 */
export function gaussianNoise(x: Tensor, { stddev, seed }: GaussianNoiseOptions): Tensor {
  checkFloat('gaussianNoise', x);
  if (!(stddev >= 0 && stddev < Infinity)) {
    throw new FoveaError(
      'ARGUMENT',
      `gaussianNoise: stddev must be at least 0, got ${stddev} for x ${formatShape(x.shape)}`,
    );
  }
  const numbers = { ...seedParams('gaussianNoise', seed), stddev };
  const y = empty(x.shape, x.dtype);
  for (const window of elementWindows('gaussianNoise', x)) {
    const n4 = Math.ceil(window.rows / 4);
    const operands = { x: part(x, 1, window), y: part(y, 1, window) };
    const params = { first: window.start / 4, ...numbers };
    runItems('gaussianNoise', 'gaussian_noise', {}, operands, params, n4);
  }
  return record('gaussianNoise', [x], y, [], (dy) => [dy]);
}
