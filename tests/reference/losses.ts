import { map, zeros, type Array64 } from './array.js';
import { logSoftmax } from './softmax.js';

export interface SmoothingOptions {
  readonly labelSmoothing?: number;
}

export interface BinaryOptions extends SmoothingOptions {
  readonly fromLogits?: boolean;
}

const EPSILON = 1e-7;
/** Keras clips in float32, where 1 - 1e-7 is this number. */
const ONE_MINUS_EPSILON = Math.fround(1 - EPSILON);

function clip(p: number): number {
  return Math.min(Math.max(p, EPSILON), ONE_MINUS_EPSILON);
}

/** Class numbers (one axis fewer than the scores) or one row of weights per sample, smoothed. */
function targets(
  labels: Array64,
  scores: Array64,
  { labelSmoothing = 0 }: SmoothingOptions,
): Array64 {
  const classes = scores.shape.at(-1)!;
  const areNumbers = labels.shape.length === scores.shape.length - 1;
  return map(scores, (_, i) => {
    const target = areNumbers
      ? Number(labels.data[Math.floor(i / classes)] === i % classes)
      : labels.data[i]!;
    return target * (1 - labelSmoothing) + labelSmoothing / classes;
  });
}

/** Reduces the last axis: result[r] = sum over c of f(index). */
function sumLast(shape: readonly number[], f: (index: number) => number): Array64 {
  const classes = shape.at(-1)!;
  const result = zeros(shape.slice(0, -1));
  for (let i = 0; i < result.data.length * classes; i++)
    result.data[Math.floor(i / classes)]! += f(i);
  return result;
}

/** -sum(t * logSoftmax(logits)), per sample. */
export function softmaxCrossEntropy(
  logits: Array64,
  labels: Array64,
  options: SmoothingOptions = {},
): Array64 {
  const target = targets(labels, logits, options);
  const logs = logSoftmax(logits);
  return sumLast(logits.shape, (i) => -target.data[i]! * logs.data[i]!);
}

/** -sum(t * log(clip(p / sum(p)))), per sample. */
export function categoricalCrossEntropy(
  probabilities: Array64,
  labels: Array64,
  options: SmoothingOptions = {},
): Array64 {
  const target = targets(labels, probabilities, options);
  const classes = probabilities.shape.at(-1)!;
  const total = sumLast(probabilities.shape, (i) => probabilities.data[i]!);
  return sumLast(probabilities.shape, (i) => {
    const p = probabilities.data[i]! / total.data[Math.floor(i / classes)]!;
    return -target.data[i]! * Math.log(clip(p));
  });
}

/** Mean over the last axis of -(t log p + (1 - t) log(1 - p)). */
export function binaryCrossEntropy(
  prediction: Array64,
  target: Array64,
  { fromLogits = false, labelSmoothing = 0 }: BinaryOptions = {},
): Array64 {
  return sumLast(prediction.shape, (i) => {
    const t = target.data[i]! * (1 - labelSmoothing) + 0.5 * labelSmoothing;
    const x = prediction.data[i]!;
    const [logP, logRest] = fromLogits
      ? [-Math.log1p(Math.exp(-x)), -Math.log1p(Math.exp(x))]
      : [Math.log(clip(x)), Math.log(1 - clip(x))];
    return -(t * logP + (1 - t) * logRest) / prediction.shape.at(-1)!;
  });
}

/** Mean over the last axis of the squared difference. */
export function meanSquaredError(prediction: Array64, target: Array64): Array64 {
  return sumLast(
    prediction.shape,
    (i) => (prediction.data[i]! - target.data[i]!) ** 2 / prediction.shape.at(-1)!,
  );
}
