import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { formatShape } from '../shape.js';
import { empty, isFloat, type FloatType, type Tensor } from '../tensor.js';
import { reshape } from './movement.js';
import { boundsOf, part, runItems, windows } from './run.js';

const TARGETS: readonly FloatType[] = ['float32', 'float16'];

/**
 * Converts to another type. float32 rounds integers above 2^24; float16 rounds to 11 bits, and from 65,520 on
 * to infinity. The gradient is converted back.
 *
 * @param x any type and shape. Integers have no gradient.
 * @param dtype 'float32' or 'float16'
 * @throws FoveaError ARGUMENT for another type, and for float16 on an adapter without it
 */
export function cast(x: Tensor, dtype: FloatType): Tensor {
  if (!TARGETS.includes(dtype)) {
    throw new FoveaError(
      'ARGUMENT',
      `cast: cannot convert ${x.dtype} ${formatShape(x.shape)} to ${dtype as string}`,
      {
        hint: 'Only float32 and float16 can be cast to; tensor(values, shape, { dtype }) makes other types.',
      },
    );
  }
  if (x.dtype === dtype) return reshape(x, x.shape);
  const y = empty(x.shape, dtype);
  const flags = { BYTES: x.dtype === 'uint8', INTEGERS: x.dtype === 'int32' };
  // Windows of bytes begin at a multiple of 256 elements.
  for (const window of windows('cast', Math.ceil(x.size / 4), [4], boundsOf(x, y), 64)) {
    const operands = { x: part(x, 4, window), y: part(y, 4, window) };
    runItems('cast', 'cast', flags, operands, {}, window.rows);
  }
  if (!isFloat(x)) return y;
  const from = x.dtype;
  return record('cast', [x], y, [], (dy) => [cast(dy, from)]);
}
