import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { formatShape, sameShape } from '../shape.js';
import { empty, isFloat, type Tensor } from '../tensor.js';
import { checkFloat } from './elementwise.js';
import { rowsOf, runRows } from './rows.js';

/** Options of the cross-entropies. */
export interface CrossEntropyOptions {
  /** Share of each target, 0 to 1, that is spread evenly over the classes. Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * Cross-entropy between softmax(logits) and the labels, one number per sample.
 *
 * @param logits [..., classes]
 * @param labels class numbers, int32 [...]; or target weights, float32 [..., classes]. They get no
 *   gradient. A GPU cannot throw: a class number outside of [0, classes) makes its loss NaN.
 * @returns [...]
 * @throws FoveaError when the labels do not fit the logits
 */
export function softmaxCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  options: CrossEntropyOptions = {},
): Tensor {
  return crossEntropy('softmaxCrossEntropy', logits, labels, options, false);
}

/**
 * Cross-entropy between probabilities and the labels, one number per sample, as Keras computes it:
 * each row is divided by its sum and clipped to [1e-7, 1 - 1e-7]. From scores,
 * `softmaxCrossEntropy` is faster and more exact.
 *
 * @param probabilities [..., classes]
 * @param labels as for `softmaxCrossEntropy`
 * @returns [...]
 * @throws FoveaError when the labels do not fit the probabilities
 */
export function categoricalCrossEntropy(
  probabilities: Tensor,
  labels: Tensor,
  options: CrossEntropyOptions = {},
): Tensor {
  return crossEntropy('categoricalCrossEntropy', probabilities, labels, options, true);
}

/** Throws unless the smoothing is a share. */
export function checkSmoothing(op: string, smoothing: number): void {
  if (smoothing >= 0 && smoothing <= 1) return;
  throw new FoveaError('ARGUMENT', `${op}: labelSmoothing must be 0 to 1, got ${smoothing}`);
}

/** Throws when a tensor wants a gradient that the loss has not. */
export function checkNoGradient(op: string, name: string, t: Tensor): void {
  if (!t.requiresGrad) return;
  throw new FoveaError(
    'ARGUMENT',
    `${op}: ${name} ${formatShape(t.shape)} requires a gradient, and gets none from this loss`,
    { hint: 'detach() takes it off the tape.' },
  );
}

/** Throws unless labels fit; tells whether they are class numbers. */
function areNumbers(op: string, x: Tensor, labels: Tensor): boolean {
  if (labels.dtype === 'int32' && sameShape(labels.shape, x.shape.slice(0, -1))) return true;
  if (isFloat(labels) && sameShape(labels.shape, x.shape)) return false;
  throw new FoveaError(
    'SHAPE',
    `${op}: labels ${labels.dtype} ${formatShape(labels.shape)} do not fit predictions ` +
      formatShape(x.shape),
    {
      hint:
        `Labels are class numbers, int32 ${formatShape(x.shape.slice(0, -1))}, or target weights, ` +
        `float32 ${formatShape(x.shape)}.`,
    },
  );
}

function crossEntropy(
  op: string,
  x: Tensor,
  labels: Tensor,
  { labelSmoothing = 0 }: CrossEntropyOptions,
  probabilities: boolean,
): Tensor {
  checkFloat(op, x);
  const rows = rowsOf(op, 'predictions', x);
  const numbers = areNumbers(op, x, labels);
  checkSmoothing(op, labelSmoothing);
  checkNoGradient(op, 'labels', labels);
  const shared = {
    flags: { LABELS: numbers, PROBS: probabilities },
    params: {
      classes: rows.c,
      keep: 1 - labelSmoothing,
      rest: labelSmoothing / rows.c,
      nan: NaN,
    },
  };
  const split = (wide: Named, narrow: Named, t: Tensor): { wide: Named; narrow: Named } =>
    numbers ? { wide, narrow: { ...narrow, labels: t } } : { wide: { ...wide, labels: t }, narrow };
  const loss = empty(rows.leading);
  runRows(rows, { op, name: 'cross_entropy', ...shared, ...split({ x }, { loss }, labels) });
  return record(op, [x], loss, [x, labels], (dloss, saved) => {
    const [input, t] = [saved[0]!, saved[1]!];
    const dx = empty(input.shape, input.dtype);
    const operands = split({ x: input, dx }, { dloss }, t);
    const name = 'cross_entropy_grad';
    runRows(rows, { op: `${op} gradient`, name, ...shared, ...operands });
    return [dx];
  });
}

type Named = Readonly<Record<string, Tensor>>;
