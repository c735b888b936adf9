import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { formatShape, sizeOf } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import { checkFloat } from './elementwise.js';
import { run, runItems } from './run.js';

const WG = 64;

/**
 * Rows of x, chosen by number: y[i..., j...] = x[indices[i...], j...]. Rows may be chosen more than
 * once; their gradients add up.
 *
 * @param x float32 or float16 [rows, ...]
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
  const { shape, dtype } = x;
  const inner = sizeOf(shape.slice(1));
  const vec = inner % 4 === 0 ? 4 : 1;
  const flags = { T: vec === 4 ? 'vec4f' : 'f32' };
  const y = empty([...indices.shape, ...shape.slice(1)], x.dtype);
  const params = { c: inner / vec, rows: shape[0]!, nan: NaN };
  runItems('gather', 'gather', flags, { x, indices, y }, params, y.size / vec);
  return record('gather', [x], y, [indices], (dy, saved) => {
    const dx = empty(shape, dtype);
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

function checkIndices(op: string, indices: Tensor): void {
  if (indices.dtype === 'int32') return;
  throw new FoveaError(
    'ARGUMENT',
    `${op}: indices must be int32, got ${indices.dtype} ${formatShape(indices.shape)}`,
    { hint: 'tensor(values, shape, { dtype: "int32" }) makes int32.' },
  );
}
