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

export interface FocalOptions extends BinaryOptions {
  readonly gamma?: number;
  readonly alpha?: number;
  readonly applyClassBalancing?: boolean;
}

/** The terms of `binaryCrossEntropy` times (1 - probability of the target)^gamma, and weights. */
export function binaryFocalCrossEntropy(
  prediction: Array64,
  target: Array64,
  options: FocalOptions = {},
): Array64 {
  const { gamma = 2, alpha = 0.25, applyClassBalancing = false } = options;
  const { fromLogits = false, labelSmoothing = 0 } = options;
  return sumLast(prediction.shape, (i) => {
    const t = target.data[i]! * (1 - labelSmoothing) + 0.5 * labelSmoothing;
    const x = prediction.data[i]!;
    const p = fromLogits ? 1 / (1 + Math.exp(-x)) : x;
    const term = -(t * Math.log(clip(p)) + (1 - t) * Math.log(1 - clip(p)));
    const weight = applyClassBalancing ? t * alpha + (1 - t) * (1 - alpha) : 1;
    const miss = 1 - (t * p + (1 - t) * (1 - p));
    return (weight * miss ** gamma * term) / prediction.shape.at(-1)!;
  });
}

/** Sum of alpha * (1 - p)^gamma * -t log p over the last axis, p being divided by its sum. */
export function categoricalFocalCrossEntropy(
  prediction: Array64,
  target: Array64,
  { gamma = 2, alpha = 0.25, fromLogits = false, labelSmoothing = 0 }: FocalOptions = {},
): Array64 {
  const smooth = targets(target, prediction, { labelSmoothing });
  const raw = fromLogits ? map(prediction, Math.exp) : prediction;
  const total = sumLast(raw.shape, (i) => raw.data[i]!);
  return sumLast(raw.shape, (i) => {
    const p = clip(raw.data[i]! / total.data[Math.floor(i / raw.shape.at(-1)!)]!);
    return -alpha * (1 - p) ** gamma * smooth.data[i]! * Math.log(p);
  });
}

/** The mean over the last axis of f(prediction - target). */
export function meanOfDifference(
  prediction: Array64,
  target: Array64,
  f: (difference: number) => number,
): Array64 {
  return sumLast(
    prediction.shape,
    (i) => f(prediction.data[i]! - target.data[i]!) / prediction.shape.at(-1)!,
  );
}

export function huber(delta: number): (d: number) => number {
  return (d) => (Math.abs(d) <= delta ? (d * d) / 2 : delta * (Math.abs(d) - delta / 2));
}

/** Sum of t log(t / p) over the last axis. */
export function klDivergence(prediction: Array64, target: Array64): Array64 {
  const inRange = (v: number): number => Math.min(Math.max(v, EPSILON), 1);
  return sumLast(prediction.shape, (i) => {
    const t = inRange(target.data[i]!);
    return t * Math.log(t / inRange(prediction.data[i]!));
  });
}

/** The Dice loss of blocks of `block` neighbouring values. */
export function dice(
  prediction: Array64,
  target: Array64,
  shape: readonly number[],
  block: number,
): Array64 {
  return map(zeros(shape), (_, r) => {
    const p = prediction.data.subarray(r * block, (r + 1) * block);
    const t = target.data.subarray(r * block, (r + 1) * block);
    const add = (sum: number, v: number): number => sum + v;
    const both = p.map((v, i) => v * t[i]!).reduce(add, 0);
    return 1 - (2 * both) / (p.reduce(add, 0) + t.reduce(add, 0) + EPSILON);
  });
}

/** Mean over the last axis of the squared difference. */
export function meanSquaredError(prediction: Array64, target: Array64): Array64 {
  return sumLast(
    prediction.shape,
    (i) => (prediction.data[i]! - target.data[i]!) ** 2 / prediction.shape.at(-1)!,
  );
}
