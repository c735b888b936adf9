import * as ops from '../../src/ops/index.js';
import type { Tensor } from '../../src/tensor.js';
import { array, map, random, randomIntegers, size, type Array64 } from '../reference/array.js';
import * as reference from '../reference/losses.js';
import { dims, seedOf, tolerances, type OpCase, type OpFamily, type Tolerances } from './case.js';

type Shape = readonly number[];

const shapes: readonly Shape[] = [
  [1, 1],
  [33, 1],
  [3, 5],
  [2, 3, 4, 7],
  [2, 300],
];

const { sum, transcendental } = tolerances;

/** Differences that stay away from 0 and from 1, where the losses have kinks. */
function differenceInputs(shape: Shape, seed: number): Array64[] {
  const target = random(shape, seed + 1);
  const by = random(shape, seed, { lo: -2, hi: 2.5 });
  const near = (d: number): boolean => Math.abs(d) < 0.01 || Math.abs(Math.abs(d) - 1) < 0.01;
  const apart = map(by, (d) => (near(d) ? d + 0.05 : d));
  return [map(target, (t, i) => Math.fround(t + apart.data[i]!)), target];
}

function differenceFamily(
  op: 'meanAbsoluteError' | 'huber' | 'logCosh',
  tolerance: Tolerances,
  f: (d: number) => number,
): OpFamily {
  const cases = shapes.map((shape): OpCase => {
    const name = dims(shape);
    return {
      name,
      inputs: differenceInputs(shape, seedOf(op + name)),
      gpu: ([p, t]) => ops[op](p!, t!),
      forward: ([p, t]) => reference.meanOfDifference(p!, t!, f),
      differentiable: [true, true],
    };
  });
  return { op, cases, tolerance };
}

const wideHuber: OpFamily = {
  op: 'huber, delta 0.5',
  cases: shapes.slice(2).map((shape) => ({
    name: `delta 0.5 ${dims(shape)}`,
    inputs: differenceInputs(shape, 61).map((a) => map(a, (v) => v / 2)),
    gpu: ([p, t]) => ops.huber(p!, t!, { delta: 0.5 }),
    forward: ([p, t]) => reference.meanOfDifference(p!, t!, reference.huber(0.5)),
    differentiable: [true, true],
  })),
  tolerance: sum,
};

type Focal = 'binaryFocalCrossEntropy' | 'categoricalFocalCrossEntropy';

function focalCase(op: Focal, shape: Shape, options: reference.FocalOptions): OpCase {
  const name = `${dims(shape)} ${JSON.stringify(options)}`;
  const range = options.fromLogits ? { lo: -3, hi: 4 } : { lo: 0.05, hi: 0.9 };
  const seed = seedOf(op + name);
  const gpu: Record<Focal, (p: Tensor, t: Tensor) => Tensor> = {
    binaryFocalCrossEntropy: (p, t) => ops.binaryFocalCrossEntropy(p, t, options),
    categoricalFocalCrossEntropy: (p, t) => ops.categoricalFocalCrossEntropy(p, t, options),
  };
  return {
    name,
    inputs: [random(shape, seed, range), randomIntegers(shape, seed + 1, 2)],
    gpu: ([p, t]) => gpu[op](p!, t!),
    forward: ([p, t]) => reference[op](p!, t!, options),
    differentiable: [true, false],
  };
}

const binaryOptions: readonly reference.FocalOptions[] = [
  {},
  { fromLogits: true },
  { gamma: 1, labelSmoothing: 0.2 },
  { gamma: 0, alpha: 0.3, applyClassBalancing: true },
  { gamma: 2.5, alpha: 0.6, applyClassBalancing: true, fromLogits: true, labelSmoothing: 0.1 },
];

const categoricalOptions: readonly reference.FocalOptions[] = [
  {},
  { fromLogits: true },
  { gamma: 1, alpha: 0.5, labelSmoothing: 0.2 },
  { gamma: 0, fromLogits: true, labelSmoothing: 0.1 },
];

function focalFamily(
  op: Focal,
  all: readonly Shape[],
  options: readonly reference.FocalOptions[],
): OpFamily {
  const cases = all.flatMap((shape) => options.map((each) => focalCase(op, shape, each)));
  return { op, cases, tolerance: transcendental };
}

const divergenceFamily: OpFamily = {
  op: 'klDivergence',
  cases: [
    ...shapes.map((shape): OpCase => ({
      name: dims(shape),
      inputs: [random(shape, 71, { lo: 0.05, hi: 0.6 }), random(shape, 72, { lo: 0.4, hi: 0.95 })],
      gpu: ([p, t]) => ops.klDivergence(p!, t!),
      forward: ([p, t]) => reference.klDivergence(p!, t!),
      differentiable: [true, false],
    })),
    {
      name: 'certain',
      inputs: [array([2, 3], [0, 1, 0, 0, 0, 1]), array([2, 3], [1, 0, 0, 0, 0, 1])],
      gpu: ([p, t]) => ops.klDivergence(p!, t!),
      forward: ([p, t]) => reference.klDivergence(p!, t!),
      differentiable: [false, false],
    },
  ],
  tolerance: transcendental,
};

function diceCase(shape: Shape, axis?: number[]): OpCase {
  const left = axis ? shape.slice(0, -axis.length) : [];
  return {
    name: `${dims(shape)}${axis ? ` axis ${axis.join()}` : ''}`,
    inputs: [random(shape, 81, { lo: 0, hi: 1 }), randomIntegers(shape, 82, 2)],
    gpu: ([p, t]) => ops.dice(p!, t!, axis ? { axis } : {}),
    forward: ([p, t]) => reference.dice(p!, t!, left, size(shape) / size(left)),
    differentiable: [true, false],
  };
}

const diceFamily: OpFamily = {
  op: 'dice',
  cases: [
    diceCase([5]),
    diceCase([2, 6, 5, 1]),
    diceCase([3, 4, 4, 2], [1, 2, 3]),
    diceCase([2, 9], [1]),
  ],
  tolerance: sum,
};

export const rowLossFamilies: readonly OpFamily[] = [
  differenceFamily('meanAbsoluteError', sum, Math.abs),
  differenceFamily('huber', sum, reference.huber(1)),
  wideHuber,
  differenceFamily('logCosh', transcendental, (d) => Math.log(Math.cosh(d))),
  focalFamily('binaryFocalCrossEntropy', shapes, binaryOptions),
  focalFamily('categoricalFocalCrossEntropy', shapes.slice(2), categoricalOptions),
  divergenceFamily,
  diceFamily,
];
