import * as ops from '../../src/ops/index.js';
import {
  array,
  map,
  random,
  randomIntegers,
  size,
  type Array64,
  type Range,
} from '../reference/array.js';
import * as losses from '../reference/losses.js';
import * as softmax from '../reference/softmax.js';
import { dims, seedOf, tolerances, type OpCase, type OpFamily } from './case.js';

type Shape = readonly number[];

const scoreShapes: readonly Shape[] = [
  [1, 1],
  [1, 2],
  [3, 5],
  [5, 10],
  [33, 17],
  [2, 3, 4, 7],
  [1, 1000],
  [2, 131],
  [3, 1025],
  [4],
];

/**
 * Small scores; big ones, that overflow exp in float32 unless the maximum is subtracted; and far
 * apart ones, only where enough rows keep the gradient from vanishing as a whole.
 */
function scoreRanges(shape: Shape): Range[] {
  const ranges = [
    { lo: -2, hi: 3 },
    { lo: 100, hi: 104 },
  ];
  return size(shape) > 100 && shape.at(-1)! < 100 ? [...ranges, { lo: -10, hi: 10 }] : ranges;
}

function softmaxFamily(op: 'softmax' | 'logSoftmax'): OpFamily {
  const cases = scoreShapes.flatMap((shape) =>
    scoreRanges(shape).map((range): OpCase => {
      const name = `${dims(shape)} from ${range.lo ?? 0}`;
      return {
        name,
        inputs: [random(shape, seedOf(op + name), range)],
        gpu: ([x]) => ops[op](x!),
        forward: ([x]) => softmax[op](x!),
        differentiable: [true],
      };
    }),
  );
  return { op, cases, tolerance: tolerances.transcendental };
}

type LabelKind = 'numbers' | 'rows';
type CrossEntropy = 'softmaxCrossEntropy' | 'categoricalCrossEntropy';

/** Class numbers, one per sample. */
function classNumbers(shape: Shape, seed: number): Array64 {
  return randomIntegers(shape.slice(0, -1), seed, shape.at(-1)!);
}

/** Rows of target probabilities: positive, adding up to about 1. */
function targetRows(shape: Shape, seed: number): Array64 {
  const raw = random(shape, seed, { lo: 0.1, hi: 1 });
  const sums = losses.meanSquaredError(
    map(raw, Math.sqrt),
    map(raw, () => 0),
  );
  const classes = shape.at(-1)!;
  return map(raw, (value, i) =>
    Math.fround(value / (sums.data[Math.floor(i / classes)]! * classes)),
  );
}

function crossEntropyCase(
  op: CrossEntropy,
  shape: Shape,
  kind: LabelKind,
  labelSmoothing: number,
): OpCase {
  const name = `${dims(shape)} ${kind}${labelSmoothing > 0 ? ` smoothing ${labelSmoothing}` : ''}`;
  const seed = seedOf(op + name);
  const options = labelSmoothing > 0 ? { labelSmoothing } : {};
  const range = op === 'softmaxCrossEntropy' ? { lo: -3, hi: 4 } : { lo: 0.1, hi: 1 };
  const scores = random(shape, seed, range);
  const shared = { name, differentiable: kind === 'numbers' ? [true] : [true, false] };
  if (kind === 'rows')
    return {
      ...shared,
      inputs: [scores, targetRows(shape, seed + 1)],
      gpu: ([x, t]) => ops[op](x!, t!, options),
      forward: ([x, t]) => losses[op](x!, t!, options),
    };
  return {
    ...shared,
    inputs: [scores],
    labels: [classNumbers(shape, seed + 1)],
    gpu: ([x], [t]) => ops[op](x!, t!, options),
    forward: ([x], [t]) => losses[op](x!, t!, options),
  };
}

/** Probabilities of exactly 0 and 1: the value is clipped, and no gradient is defined. */
const certain: OpCase = {
  name: 'certain and wrong',
  inputs: [array([2, 3], [0, 1, 0, 1, 0, 0])],
  labels: [array([2], [0, 0])],
  gpu: ([x], [t]) => ops.categoricalCrossEntropy(x!, t!),
  forward: ([x], [t]) => losses.categoricalCrossEntropy(x!, t!),
  differentiable: [false],
};

function crossEntropyFamily(op: CrossEntropy): OpFamily {
  const cases = scoreShapes
    .filter((shape) => shape.length > 1 && shape.at(-1)! > 1)
    .flatMap((shape) =>
      (['numbers', 'rows'] as const).flatMap((kind) =>
        [0, 0.1].map((smoothing) => crossEntropyCase(op, shape, kind, smoothing)),
      ),
    );
  const all = op === 'categoricalCrossEntropy' ? [...cases, certain] : cases;
  return { op, cases: all, tolerance: tolerances.transcendental };
}

function binaryCase(shape: Shape, fromLogits: boolean, labelSmoothing: number): OpCase {
  const name = `${dims(shape)}${fromLogits ? ' logits' : ''}${labelSmoothing > 0 ? ` smoothing ${labelSmoothing}` : ''}`;
  const options = { fromLogits, labelSmoothing };
  const range = fromLogits ? { lo: -5, hi: 6 } : { lo: 0.05, hi: 0.9 };
  return {
    name,
    inputs: [random(shape, seedOf(name), range), randomIntegers(shape, seedOf(name) + 1, 2)],
    gpu: ([p, t]) => ops.binaryCrossEntropy(p!, t!, options),
    forward: ([p, t]) => losses.binaryCrossEntropy(p!, t!, options),
    differentiable: [true, false],
  };
}

const rowShapes: readonly Shape[] = [
  [1, 1],
  [33, 1],
  [3, 5],
  [2, 3, 4, 7],
  [2, 300],
];

const binaryFamily: OpFamily = {
  op: 'binaryCrossEntropy',
  cases: rowShapes.flatMap((shape) =>
    [false, true].flatMap((logits) => [0, 0.2].map((s) => binaryCase(shape, logits, s))),
  ),
  tolerance: tolerances.transcendental,
};

const squaredFamily: OpFamily = {
  op: 'meanSquaredError',
  cases: rowShapes.map((shape) => ({
    name: dims(shape),
    inputs: [random(shape, 51), random(shape, 52)],
    gpu: ([p, t]) => ops.meanSquaredError(p!, t!),
    forward: ([p, t]) => losses.meanSquaredError(p!, t!),
    differentiable: [true, false],
  })),
  tolerance: tolerances.sum,
};

export const lossFamilies: readonly OpFamily[] = [
  softmaxFamily('softmax'),
  softmaxFamily('logSoftmax'),
  crossEntropyFamily('softmaxCrossEntropy'),
  crossEntropyFamily('categoricalCrossEntropy'),
  binaryFamily,
  squaredFamily,
];
