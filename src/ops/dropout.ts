import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import type { Live, Params } from '../gpu/commands.js';
import { seedParams } from '../random.js';
import { formatShape } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import { checkFloat, elementWindows } from './elementwise.js';
import { part, runItems } from './run.js';

/** Options of `dropout`. */
export interface DropoutOptions {
  /** Share of elements that become 0: from 0 to less than 1. */
  readonly rate: number;
  /**
   * An integer from 0 to 2^53 - 1: the same seed drops the same elements. A function gives the seed
   * of each step.
   */
  readonly seed: Live<number>;
}

/**
 * Sets a random share of the elements to 0 and scales the others by 1 / (1 - rate), so that the
 * expected sum stays the same. Element e is kept if its random number u >= rate, where u is made of
 * the upper 24 bits of component e % 4 of pcg4d(e / 4, seed's lower word, its upper word, 0). The
 * choice is never stored: the gradient computes it again.
 *
 * @param x any shape
 * @throws FoveaError when x is no float tensor, or rate is outside of [0, 1)
 */
export function dropout(x: Tensor, { rate, seed }: DropoutOptions): Tensor {
  checkFloat('dropout', x);
  if (!(rate >= 0 && rate < 1)) {
    throw new FoveaError(
      'ARGUMENT',
      `dropout: rate must be at least 0 and less than 1, got ${rate} for x ${formatShape(x.shape)}`,
      { hint: 'The rate is the share that is dropped, not the share that is kept.' },
    );
  }
  const mask = {
    ...seedParams('dropout', seed),
    // u >= rate, in whole numbers of 24 bits.
    threshold: Math.ceil(rate * 2 ** 24),
    scale: 1 / (1 - rate),
  };
  const y = masked('dropout', x, mask);
  return record('dropout', [x], y, [], (dy) => [masked('dropout gradient', dy, mask)]);
}

function masked(op: string, x: Tensor, mask: Params): Tensor {
  const y = empty(x.shape, x.dtype);
  for (const window of elementWindows(op, x)) {
    const n4 = Math.ceil(window.rows / 4);
    const operands = { x: part(x, 1, window), y: part(y, 1, window) };
    const params = { first: window.start / 4, ...mask };
    runItems(op, 'dropout', {}, operands, params, n4);
  }
  return y;
}
