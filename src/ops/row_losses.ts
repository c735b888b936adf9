import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { scope } from '../scope.js';
import { formatShape, sameShape } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import { add, div, mul, neg, sub } from './binary.js';
import { checkFloat } from './elementwise.js';
import { checkNoGradient, checkSmoothing, type CrossEntropyOptions } from './losses.js';
import { sum, type ReduceOptions } from './reduce.js';
import { rowsOf, runRows } from './rows.js';
import { softmax } from './softmax.js';

/** Options of `binaryCrossEntropy`. */
export interface BinaryCrossEntropyOptions extends CrossEntropyOptions {
  /** Whether predictions are scores before a sigmoid, and not probabilities. Default false. */
  readonly fromLogits?: boolean;
}

/**
 * Cross-entropy of independent yes/no predictions, mean over the last axis. Probabilities are
 * clipped to [1e-7, 1 - 1e-7], as in Keras.
 *
 * @param prediction [..., c]: probabilities, or scores with `fromLogits`
 * @param target [..., c], float32: 0, 1 or between. Gets no gradient.
 * @returns [...]
 * @throws FoveaError when the shapes differ
 */
export function binaryCrossEntropy(
  prediction: Tensor,
  target: Tensor,
  { fromLogits = false, labelSmoothing = 0 }: BinaryCrossEntropyOptions = {},
): Tensor {
  const op = 'binaryCrossEntropy';
  const flags = { BINARY: true, LOGITS: fromLogits };
  return rowLoss(op, prediction, target, flags, smoothing(op, labelSmoothing, 0.5));
}

/** Options of `binaryFocalCrossEntropy`. */
export interface BinaryFocalOptions extends BinaryCrossEntropyOptions {
  /** How much less well predicted targets count. Default 2. */
  readonly gamma?: number;
  /** Weight of target 1 with `applyClassBalancing`; target 0 has 1 - alpha. Default 0.25. */
  readonly alpha?: number;
  /** Default false. */
  readonly applyClassBalancing?: boolean;
}

/**
 * `binaryCrossEntropy` with each term times (1 - the probability given to the target)^gamma.
 * Source: Lin et al., "Focal Loss for Dense Object Detection", 2017; details as in Keras.
 *
 * @param prediction [..., c]: probabilities, or scores with `fromLogits`
 * @param target [..., c], float32. Gets no gradient.
 * @returns [...]
 * @throws FoveaError when the shapes differ
 */
export function binaryFocalCrossEntropy(
  prediction: Tensor,
  target: Tensor,
  options: BinaryFocalOptions = {},
): Tensor {
  const op = 'binaryFocalCrossEntropy';
  const { gamma = 2, alpha = 0.25, applyClassBalancing = false } = options;
  const { fromLogits = false, labelSmoothing = 0 } = options;
  const flags = { BINARY_FOCAL: true, LOGITS: fromLogits, BALANCED: applyClassBalancing };
  const params = { gamma, alpha, ...smoothing(op, labelSmoothing, 0.5) };
  return rowLoss(op, prediction, target, flags, params);
}

/** Options of `categoricalFocalCrossEntropy`. */
export interface CategoricalFocalOptions extends BinaryCrossEntropyOptions {
  /** How much less well predicted classes count. Default 2. */
  readonly gamma?: number;
  /** Factor of the loss. Default 0.25. */
  readonly alpha?: number;
}

/**
 * Cross-entropy with each term times alpha * (1 - its probability)^gamma, sum over the last axis.
 * Rows of probabilities are divided by their sum and clipped to [1e-7, 1 - 1e-7], as in Keras.
 *
 * @param prediction [..., classes]: probabilities, or scores before a softmax with `fromLogits`
 * @param target [..., classes], float32. Gets no gradient.
 * @returns [...]
 * @throws FoveaError when the shapes differ
 */
export function categoricalFocalCrossEntropy(
  prediction: Tensor,
  target: Tensor,
  { gamma = 2, alpha = 0.25, fromLogits = false, labelSmoothing = 0 }: CategoricalFocalOptions = {},
): Tensor {
  const op = 'categoricalFocalCrossEntropy';
  const { c } = rowsOf(op, 'prediction', prediction);
  const params = { size: 1, gamma, alpha, ...smoothing(op, labelSmoothing, 1 / c) };
  return scope(() => {
    const shares = fromLogits
      ? softmax(prediction)
      : div(prediction, sum(prediction, { axis: -1, keepDims: true }));
    return rowLoss(op, shares, target, { CATEGORICAL_FOCAL: true }, params);
  });
}

/**
 * Squared difference, mean over the last axis.
 *
 * @param prediction [..., c]
 * @param target [..., c], float32
 * @returns [...]
 * @throws FoveaError when the shapes differ
 */
export function meanSquaredError(prediction: Tensor, target: Tensor): Tensor {
  return differenceLoss('meanSquaredError', prediction, target, { SQUARED: true });
}

/** Absolute difference, mean over the last axis; shapes as for `meanSquaredError`. */
export function meanAbsoluteError(prediction: Tensor, target: Tensor): Tensor {
  return differenceLoss('meanAbsoluteError', prediction, target, { ABSOLUTE: true });
}

/**
 * d * d / 2 for differences d up to delta, then delta * (|d| - delta / 2): mean over the last axis;
 * shapes as for `meanSquaredError`.
 */
export function huber(
  prediction: Tensor,
  target: Tensor,
  { delta = 1 }: { readonly delta?: number } = {},
): Tensor {
  return differenceLoss('huber', prediction, target, { HUBER: true }, { delta });
}

/** log(cosh(d)) of the difference d, mean over the last axis; shapes as for `meanSquaredError`. */
export function logCosh(prediction: Tensor, target: Tensor): Tensor {
  return differenceLoss('logCosh', prediction, target, { LOG_COSH: true });
}

/**
 * Kullback-Leibler divergence, the sum of t * log(t / p) over the last axis, both clipped to
 * [1e-7, 1].
 *
 * @param prediction [..., c]: probabilities
 * @param target [..., c], float32: probabilities. Gets no gradient.
 * @returns [...]
 * @throws FoveaError when the shapes differ
 */
export function klDivergence(prediction: Tensor, target: Tensor): Tensor {
  const op = 'klDivergence';
  return rowLoss(op, prediction, target, { DIVERGENCE: true }, { size: 1 });
}

/**
 * 1 - 2 sum(p t) / (sum(p) + sum(t) + 1e-7), the Dice loss of masks. As in Keras, the sums are over
 * the whole batch unless `axis` says otherwise: [1, 2, 3] gives one value per image.
 *
 * @param prediction any shape, 0 to 1
 * @param target the same shape, float32. Gets no gradient.
 * @returns what is left of the shape: a scalar by default
 * @throws FoveaError when the shapes differ
 */
export function dice(
  prediction: Tensor,
  target: Tensor,
  options: Pick<ReduceOptions, 'axis'> = {},
): Tensor {
  checkFloat('dice', prediction, target);
  checkSameShape('dice', prediction, target);
  checkNoGradient('dice', 'target', target);
  return scope(() => {
    const both = mul(sum(mul(prediction, target), options), 2);
    const all = add(add(sum(prediction, options), sum(target, options)), 1e-7);
    return sub(1, div(both, all));
  });
}

function smoothing(op: string, share: number, middle: number): { keep: number; rest: number } {
  checkSmoothing(op, share);
  return { keep: 1 - share, rest: share * middle };
}

function checkSameShape(op: string, x: Tensor, t: Tensor): void {
  if (sameShape(x.shape, t.shape)) return;
  throw new FoveaError(
    'SHAPE',
    `${op}: prediction ${formatShape(x.shape)} and target ${formatShape(t.shape)} differ in shape`,
    { hint: 'reshape() or broadcastTo() makes them equal.' },
  );
}

type Flags = Readonly<Record<string, boolean>>;
type Params = Readonly<Record<string, number>>;

/** A loss that has a gradient for predictions only. */
function rowLoss(op: string, x: Tensor, t: Tensor, flags: Flags, params: Params): Tensor {
  checkNoGradient(op, 'target', t);
  return differenceLoss(op, x, t, flags, params);
}

/** A loss that depends on x - t only: the gradient of t is minus that of x. */
function differenceLoss(
  op: string,
  x: Tensor,
  t: Tensor,
  flags: Flags,
  special: Params = {},
): Tensor {
  checkFloat(op, x, t);
  checkSameShape(op, x, t);
  const rows = rowsOf(op, 'prediction', x);
  const params = { size: rows.c, keep: 1, rest: 0, delta: 0, alpha: 0, gamma: 0, ...special };
  const loss = empty(rows.leading);
  runRows(rows, { op, name: 'row_loss', flags, params, wide: { x, t }, narrow: { loss } });
  return record(op, [x, t], loss, [x, t], (dloss, saved, needs) => {
    const [input, goal] = [saved[0]!, saved[1]!];
    const dx = empty(input.shape, input.dtype);
    runRows(rows, {
      op: `${op} gradient`,
      name: 'row_loss_grad',
      flags,
      params,
      wide: { x: input, t: goal, dx },
      narrow: { dloss },
      perElement: true,
    });
    return [dx, needs[1] ? neg(dx) : undefined];
  });
}
