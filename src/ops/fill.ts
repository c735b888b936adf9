import { empty, type Tensor } from '../tensor.js';
import type { Shape } from '../shape.js';
import { elementWindows } from './elementwise.js';
import { runItems } from './run.js';

/** A float32 tensor with the same value everywhere. */
export function fill(shape: Shape, value: number): Tensor {
  return fillWith(value, empty(shape));
}

function fillWith(value: number, y: Tensor): Tensor {
  for (const { start, rows } of elementWindows('fill', y)) {
    const n4 = Math.ceil(rows / 4);
    const part = { tensor: y, start, count: rows };
    runItems('fill', 'fill', {}, { y: part }, { value }, n4);
  }
  return y;
}

/** A tensor of zeros: the same bits in both types. */
export function zeros(shape: Shape, dtype: 'float32' | 'int32' = 'float32'): Tensor {
  return fillWith(0, empty(shape, dtype));
}

/** A float32 tensor of ones. */
export function ones(shape: Shape): Tensor {
  return fill(shape, 1);
}
