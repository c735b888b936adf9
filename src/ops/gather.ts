import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { formatShape, sizeOf } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import { checkFloat } from './elementwise.js';
import { reshape } from './movement.js';
import { run, runItems, windows } from './run.js';

const WG = 64;

/**
 * Rows of x, chosen by number: y[i..., j...] = x[indices[i...], j...]. Rows may be chosen more than
 * once; their gradients add up.
 *
 * @param x float32 [rows, ...]
 * @param indices int32 of any shape. A GPU cannot throw: the row of an index outside of [0, rows) is
 *   all NaN.
 * @returns [...indices.shape, ...x.shape without the first axis]
 * @throws FoveaError when x is a scalar, or a type is wrong
 */
export function gather(x: Tensor, indices: Tensor): Tensor {
  checkFloat('gather', x);
  checkIndices('gather', indices);
  if (x.rank === 0) {
    throw new FoveaError('SHAPE', 'gather: x must have rows, got a scalar of shape []');
  }
  const { shape } = x;
  const inner = sizeOf(shape.slice(1));
  const vec = inner % 4 === 0 ? 4 : 1;
  const flags = { T: vec === 4 ? 'vec4f' : 'f32' };
  const y = empty([...indices.shape, ...shape.slice(1)]);
  const params = { c: inner / vec, rows: shape[0]!, nan: NaN };
  runItems('gather', 'gather', flags, { x, indices, y }, params, y.size / vec);
  return record('gather', [x], y, [indices], (dy, saved) => {
    const dx = empty(shape);
    const operands = { indices: saved[0]!, dy, dx };
    const sizes = { n: dx.size / vec, c: inner / vec, count: saved[0]!.size };
    const all = { WG, ...flags };
    run('gather gradient', 'gather_grad', all, operands, sizes, Math.ceil(sizes.n / WG));
    return [dx];
  });
}

/**
 * Class numbers as rows of 0 with a single 1.
 *
 * @param indices int32 of any shape; a number outside of [0, depth) gives a row of zeros
 * @param depth number of classes
 * @returns float32 [...indices.shape, depth], without gradient
 */
export function oneHot(indices: Tensor, depth: number): Tensor {
  checkIndices('oneHot', indices);
  if (!Number.isInteger(depth) || depth < 1) {
    throw new FoveaError(
      'ARGUMENT',
      `oneHot: depth must be a positive integer, got ${depth} for indices ${formatShape(indices.shape)}`,
    );
  }
  const y = empty([...indices.shape, depth]);
  runItems('oneHot', 'one_hot', {}, { indices, y }, { depth }, y.size);
  return y;
}

/**
 * Converts to another type. Integers above 2^24 are rounded.
 *
 * @param x float32, int32 or uint8, any shape. Integers have no gradient.
 * @param dtype 'float32', the only target so far
 */
export function cast(x: Tensor, dtype: 'float32'): Tensor {
  const wanted: string = dtype;
  if (wanted !== 'float32') {
    throw new FoveaError(
      'ARGUMENT',
      `cast: cannot convert ${x.dtype} ${formatShape(x.shape)} to ${wanted}`,
      { hint: 'Only float32 can be cast to; tensor(values, shape, { dtype }) makes other types.' },
    );
  }
  if (x.dtype === 'float32') return reshape(x, x.shape);
  const bytes = x.dtype === 'uint8';
  const y = empty(x.shape);
  // In units of four elements: one vec4 of y, and a word or a vec4 of x.
  const words = bytes ? 1 : 4;
  const limit = x.device.bindingLimit;
  for (const { start, rows } of windows('cast', Math.ceil(x.size / 4), [4, words], limit)) {
    const operands = {
      x: { tensor: x, start: start * words, count: rows * words },
      y: { tensor: y, start: start * 4, count: rows * 4 },
    };
    runItems('cast', 'cast', { BYTES: bytes }, operands, {}, rows);
  }
  return y;
}

function checkIndices(op: string, indices: Tensor): void {
  if (indices.dtype === 'int32') return;
  throw new FoveaError(
    'ARGUMENT',
    `${op}: indices must be int32, got ${indices.dtype} ${formatShape(indices.shape)}`,
    { hint: 'tensor(values, shape, { dtype: "int32" }) makes int32.' },
  );
}
