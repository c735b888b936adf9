import * as ops from '../../src/ops/index.js';
import { unary, type UnaryName } from '../reference/activations.js';
import { distinct, random, size, type Array64, type Range } from '../reference/array.js';
import { binary, binaryBackward, type BinaryName } from '../reference/broadcast.js';
import { elementwiseGradient } from '../reference/gradient.js';
import { dropout, gaussianNoise } from '../reference/random.js';
import { dims, seedOf, tolerances, type OpCase, type OpFamily, type Tolerances } from './case.js';

type Shape = readonly number[];

/** Ranks 0 to 5; sizes around the vector width of 4 and around a workgroup. */
const shapes: readonly Shape[] = [
  [],
  [1],
  [3],
  [4],
  [5],
  [255],
  [4097],
  [3, 5],
  [2, 3, 4],
  [1, 5, 7, 3],
  [2, 1, 3, 2, 5],
];

interface UnarySpec {
  /** Where inputs are drawn from; absent: distinct values away from the kinks. */
  readonly range?: Range;
  readonly tolerance: Tolerances;
}

const unarySpecs: Readonly<Record<UnaryName, UnarySpec>> = {
  relu: { tolerance: tolerances.exact },
  relu6: { tolerance: tolerances.exact },
  abs: { tolerance: tolerances.exact },
  neg: { tolerance: tolerances.exact },
  square: { range: { lo: -3, hi: 3 }, tolerance: tolerances.rounded },
  sqrt: { range: { lo: 0.1, hi: 9 }, tolerance: tolerances.transcendental },
  exp: { range: { lo: -4, hi: 4 }, tolerance: tolerances.transcendental },
  log: { range: { lo: 0.1, hi: 8 }, tolerance: tolerances.transcendental },
  sigmoid: { range: { lo: -6, hi: 6 }, tolerance: tolerances.transcendental },
  tanh: { range: { lo: -6, hi: 6 }, tolerance: tolerances.transcendental },
  swish: { range: { lo: -6, hi: 6 }, tolerance: tolerances.loose },
};

/** Where an array is so small that one saturated value is all there is, inputs stay on the slope. */
const slope: Range = { lo: -1, hi: 1.5 };
const FEW = 16;

function unaryInput(op: UnaryName, shape: Shape, seed: number): Array64 {
  const { range, tolerance } = unarySpecs[op];
  if (!range) return distinct(shape, seed);
  const saturates = tolerance !== tolerances.rounded && (range.lo ?? 0) < 0;
  return random(shape, seed, saturates && size(shape) < FEW ? slope : range);
}

function unaryCase(op: UnaryName, shape: Shape): OpCase {
  const name = dims(shape);
  const seed = seedOf(op + name);
  const forward = ([x]: readonly Array64[]): Array64 => unary(op, x!);
  return {
    name,
    inputs: [unaryInput(op, shape, seed)],
    gpu: ([x]) => ops[op](x!),
    forward,
    backward: (inputs, _, dy) => [elementwiseGradient(forward, inputs, 0, dy)],
    differentiable: [true],
  };
}

function unaryFamily(op: UnaryName): OpFamily {
  const cases = shapes.map((shape) => unaryCase(op, shape));
  return { op, cases, tolerance: unarySpecs[op].tolerance };
}

/** Equal, scalar, trailing channel, leading, inner, and both sides at once. */
const shapePairs: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[1], [5]],
  [[4097], [4097]],
  [[255], []],
  [[], [3, 4]],
  [
    [2, 3, 4],
    [2, 3, 4],
  ],
  [
    [3, 1, 5],
    [4, 1],
  ],
  [[2, 5, 3, 4], [4]],
  [[2, 3, 5, 3], [3]],
  [
    [2, 3, 5, 8],
    [2, 1, 1, 8],
  ],
  [
    [2, 1, 5, 1],
    [3, 1, 12],
  ],
  [[17], [3, 17]],
  [
    [2, 3, 5],
    [2, 1, 1],
  ],
  [
    [3, 5],
    [3, 1],
  ],
  [
    [2, 4, 3, 8],
    [2, 1, 1, 8],
  ],
  [
    [1, 7, 1, 2, 3],
    [2, 1, 4, 1, 3],
  ],
  [
    [5, 1],
    [1, 6],
  ],
  [
    [1, 3],
    [129, 3],
  ],
];

const binaryTolerances: Readonly<Record<BinaryName, Tolerances>> = {
  add: tolerances.rounded,
  sub: tolerances.rounded,
  mul: tolerances.sum,
  div: tolerances.sum,
  maximum: tolerances.choice,
  minimum: tolerances.choice,
};

/** For maximum and minimum no value occurs twice; a divisor stays away from 0. */
function operands(op: BinaryName, a: Shape, b: Shape, seed: number): [Array64, Array64] {
  if (op === 'maximum' || op === 'minimum') {
    const { data } = distinct([size(a) + size(b)], seed);
    return [
      { shape: a, data: data.slice(0, size(a)) },
      { shape: b, data: data.slice(size(a)) },
    ];
  }
  return [random(a, seed), random(b, seed + 1, op === 'div' ? { lo: 0.5, hi: 2 } : {})];
}

function binaryCase(op: BinaryName, a: Shape, b: Shape): OpCase {
  const name = `${dims(a)} , ${dims(b)}`;
  return {
    name,
    inputs: operands(op, a, b, seedOf(op + name)),
    gpu: ([x, y]) => ops[op](x!, y!),
    forward: ([x, y]) => binary(op, x!, y!),
    backward: ([x, y], _, dy) => binaryBackward(op, x!, y!, dy),
    differentiable: [true, true],
  };
}

function binaryFamily(op: BinaryName): OpFamily {
  const cases = shapePairs.map(([a, b]) => binaryCase(op, a, b));
  return { op, cases, tolerance: binaryTolerances[op] };
}

function dropoutCase(shape: Shape, rate: number, seed: number): OpCase {
  const name = `${dims(shape)} rate ${rate} seed ${seed}`;
  const forward = ([x]: readonly Array64[]): Array64 => dropout(x!, { rate, seed });
  return {
    name,
    inputs: [random(shape, seedOf(name))],
    gpu: ([x]) => ops.dropout(x!, { rate, seed }),
    forward,
    backward: (inputs, _, dy) => [elementwiseGradient(forward, inputs, 0, dy)],
    differentiable: [true],
  };
}

const dropoutFamily: OpFamily = {
  op: 'dropout',
  cases: [
    dropoutCase([17], 0.5, 1),
    dropoutCase([3, 5, 7, 2], 0.25, 42),
    dropoutCase([4097], 0.1, 4294967295),
    dropoutCase([64, 10], 0.9, 2 ** 40 + 12345),
    dropoutCase([5], 0, 7),
  ],
  tolerance: tolerances.rounded,
};

function noiseCase(shape: Shape, stddev: number, seed: number): OpCase {
  const name = `${dims(shape)} stddev ${stddev} seed ${seed}`;
  const forward = ([x]: readonly Array64[]): Array64 => gaussianNoise(x!, stddev, seed);
  return {
    name,
    inputs: [random(shape, seedOf(name))],
    gpu: ([x]) => ops.gaussianNoise(x!, { stddev, seed }),
    forward,
    backward: (_inputs, _labels, dy) => [dy],
    differentiable: [true],
  };
}

const noiseFamily: OpFamily = {
  op: 'gaussianNoise',
  cases: [
    noiseCase([17], 0.5, 1),
    noiseCase([3, 5, 7, 2], 2, 42),
    noiseCase([4097], 0.1, 2 ** 40 + 12345),
    noiseCase([5], 0, 7),
  ],
  // WGSL promises sin and cos only to an absolute error of 2^-11.
  tolerance: { ...tolerances.rounded, forward: { l2: 2 ** -11, max: 2 ** -9 } },
};

const unaryNames = Object.keys(unarySpecs) as UnaryName[];
const binaryNames = Object.keys(binaryTolerances) as BinaryName[];

export const elementwiseFamilies: readonly OpFamily[] = [
  ...unaryNames.map(unaryFamily),
  ...binaryNames.map(binaryFamily),
  dropoutFamily,
  noiseFamily,
];
