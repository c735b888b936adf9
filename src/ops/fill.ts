import { empty, type FloatType, type Tensor } from '../tensor.js';
import type { Shape } from '../shape.js';
import { elementWindows } from './elementwise.js';
import { runItems } from './run.js';

/** A tensor with the same value everywhere. */
export function fill(shape: Shape, value: number, dtype: FloatType = 'float32'): Tensor {
  return fillWith(value, empty(shape, dtype));
}

function fillWith(value: number, y: Tensor): Tensor {
  for (const { start, rows } of elementWindows('fill', y)) {
    const n4 = Math.ceil(rows / 4);
    const part = { tensor: y, start, count: rows };
    runItems('fill', 'fill', {}, { y: part }, { value }, n4);
  }
  return y;
}

/** A tensor of zeros: the same bits in all types. */
export function zeros(shape: Shape, dtype: FloatType | 'int32' = 'float32'): Tensor {
  return fillWith(0, empty(shape, dtype));
}

/** A float32 tensor of ones. */
export function ones(shape: Shape): Tensor {
  return fill(shape, 1);
}
