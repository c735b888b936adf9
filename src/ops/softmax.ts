import { record } from '../autograd.js';
import { empty, type Tensor } from '../tensor.js';
import { checkFloat } from './elementwise.js';
import { rowsOf, runRows } from './rows.js';

/**
 * exp(x) divided by its sum along the last axis. The largest value of each row is subtracted first,
 * so that no score is too large.
 *
 * @param x [..., classes]
 * @returns the shape of x
 */
export function softmax(x: Tensor): Tensor {
  return softmaxOp('softmax', x, { LOG: false });
}

/** The logarithm of `softmax`, exact also where the softmax underflows. */
export function logSoftmax(x: Tensor): Tensor {
  return softmaxOp('logSoftmax', x, { LOG: true });
}

function softmaxOp(op: string, x: Tensor, flags: { readonly LOG: boolean }): Tensor {
  checkFloat(op, x);
  const rows = rowsOf(op, 'x', x);
  const y = empty(x.shape, x.dtype);
  runRows(rows, { op, name: 'softmax', flags, wide: { x, y } });
  return record(op, [x], y, [y], (dy, saved) => {
    const output = saved[0]!;
    const dx = empty(output.shape, output.dtype);
    const wide = { y: output, dy, dx };
    runRows(rows, { op: `${op} gradient`, name: 'softmax_grad', flags, wide });
    return [dx];
  });
}
