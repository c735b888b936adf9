import * as ops from '../../src/ops/index.js';
import type { Tensor } from '../../src/tensor.js';
import type { Scalar } from '../reference/activations.js';
import {
  array,
  map,
  random,
  randomIntegers,
  type Array64,
  type Range,
} from '../reference/array.js';
import { zipBroadcast } from '../reference/broadcast.js';
import { elementwiseGradient } from '../reference/gradient.js';
import { nonlinear as reference } from '../reference/nonlinear.js';
import { dims, seedOf, tolerances, type OpCase, type OpFamily, type Tolerances } from './case.js';

type Shape = readonly number[];

const shapes: readonly Shape[] = [[], [5], [4097], [2, 3, 4], [1, 5, 7, 3]];

interface Spec {
  /** Said of the options. */
  readonly label?: string;
  readonly gpu: (x: Tensor) => Tensor;
  readonly f: Scalar;
  readonly kinks?: readonly number[];
  readonly range?: Range;
}

const wide: Range = { lo: -6, hi: 7 };

/** Moves values that are close to a kink away from it. */
function apart(x: Array64, kinks: readonly number[]): Array64 {
  return map(x, (value) => {
    const near = kinks.find((kink) => Math.abs(value - kink) < 1e-3);
    return near === undefined ? value : Math.fround(near + 0.01);
  });
}

function specCase(op: string, shape: Shape, spec: Spec): OpCase {
  const { label = '', gpu, f, kinks = [], range = wide } = spec;
  const name = `${label}${label ? ' ' : ''}${dims(shape)}`;
  // A single value lies where the function has a slope.
  const from = shape.length === 0 ? { lo: Math.max(range.lo ?? 0, 0.4), hi: 0.9 } : range;
  const forward = ([x]: readonly Array64[]): Array64 => map(x!, f);
  return {
    name,
    inputs: [apart(random(shape, seedOf(op + name), from), kinks)],
    gpu: ([x]) => gpu(x!),
    forward,
    backward: (inputs, _, dy) => [elementwiseGradient(forward, inputs, 0, dy)],
    differentiable: [true],
  };
}

function family(op: string, tolerance: Tolerances, ...specs: readonly Spec[]): OpFamily {
  const cases = specs.flatMap((spec) => shapes.map((shape) => specCase(op, shape, spec)));
  return { op, cases, tolerance };
}

const { rounded, transcendental, loose } = tolerances;

function reluSpec(options: ops.ReluOptions): Spec {
  const { negativeSlope = 0, maxValue = Infinity, threshold = 0 } = options;
  return {
    label: JSON.stringify(options),
    gpu: (x) => ops.relu(x, options),
    f: reference.relu(negativeSlope, maxValue, threshold),
    kinks: [threshold, maxValue],
  };
}

function powSpec(exponent: number, range: Range): Spec {
  return {
    label: `^${exponent} from ${range.lo!}`,
    gpu: (x) => ops.pow(x, exponent),
    f: reference.pow(exponent),
    range,
  };
}

const parametric: readonly OpFamily[] = [
  family(
    'relu',
    rounded,
    reluSpec({ negativeSlope: 0.25, maxValue: 4, threshold: 0.3 }),
    reluSpec({ threshold: -1 }),
    reluSpec({ maxValue: 3 }),
  ),
  family('leakyRelu', rounded, {
    gpu: (x) => ops.leakyRelu(x),
    f: reference.relu(0.2, Infinity, 0),
    kinks: [0],
  }),
  family(
    'elu',
    transcendental,
    { gpu: (x) => ops.elu(x), f: reference.elu(1), kinks: [0] },
    {
      label: 'alpha 0.3',
      gpu: (x) => ops.elu(x, { alpha: 0.3 }),
      f: reference.elu(0.3),
      kinks: [0],
    },
    { label: 'tiny', gpu: (x) => ops.elu(x), f: reference.elu(1), range: { lo: -1e-3, hi: -1e-4 } },
  ),
  family('clip', tolerances.exact, {
    gpu: (x) => ops.clip(x, -1.5, 2),
    f: reference.clip(-1.5, 2),
    kinks: [-1.5, 2],
  }),
  family(
    'pow',
    transcendental,
    powSpec(3, { lo: -3, hi: 2 }),
    powSpec(-2, { lo: -3, hi: -0.5 }),
    powSpec(0.7, { lo: 0.1, hi: 8 }),
    powSpec(1, { lo: -2, hi: 3 }),
  ),
];

const tail: Range = { lo: -5, hi: -3 };

const plain: readonly OpFamily[] = [
  family('selu', transcendental, { gpu: ops.selu, f: reference.selu, kinks: [0] }),
  family(
    'gelu',
    // In the tail, the rounding of the exponent is as large as the error of the fit.
    { forward: { l2: 1e-6, max: 2e-6 }, backward: transcendental.backward },
    { gpu: (x) => ops.gelu(x), f: reference.gelu },
    { label: 'tail', gpu: (x) => ops.gelu(x), f: reference.gelu, range: tail },
  ),
  family('gelu, approximate', loose, {
    label: 'approximate',
    gpu: (x) => ops.gelu(x, { approximate: true }),
    f: reference.geluTanh,
  }),
  family('hardSigmoid', rounded, {
    gpu: (x) => ops.hardSigmoid(x),
    f: reference.hardSigmoid(1 / 6),
    kinks: [-3, 3],
  }),
  family('hardSigmoid, slope', rounded, {
    label: 'slope 0.2',
    gpu: (x) => ops.hardSigmoid(x, { slope: 0.2 }),
    f: reference.hardSigmoid(0.2),
    kinks: [-2.5, 2.5],
  }),
  family('hardSwish', rounded, {
    gpu: ops.hardSwish,
    f: reference.hardSwish,
    kinks: [-3, 3],
  }),
  family(
    'mish',
    transcendental,
    { gpu: ops.mish, f: reference.mish },
    { label: 'tail', gpu: ops.mish, f: reference.mish, range: { lo: -30, hi: -20 } },
    { label: 'large', gpu: ops.mish, f: reference.mish, range: { lo: 15, hi: 120 } },
  ),
  family(
    'softplus',
    transcendental,
    { gpu: ops.softplus, f: reference.softplus },
    { label: 'tail', gpu: ops.softplus, f: reference.softplus, range: { lo: -30, hi: -20 } },
    { label: 'large', gpu: ops.softplus, f: reference.softplus, range: { lo: 80, hi: 120 } },
  ),
  family('softsign', rounded, { gpu: ops.softsign, f: reference.softsign }),
  family('rsqrt', transcendental, {
    gpu: ops.rsqrt,
    f: reference.rsqrt,
    range: { lo: 0.1, hi: 9 },
  }),
];

const alphas: readonly (readonly [Shape, Shape])[] = [
  [[3, 5], [5]],
  [
    [2, 3, 4, 5],
    [3, 4, 5],
  ],
  [
    [2, 3, 4, 5],
    [1, 1, 5],
  ],
  [
    [2, 3, 5, 4],
    [1, 5, 4],
  ],
];

const preluFamily: OpFamily = {
  op: 'prelu',
  cases: alphas.map(([shape, alpha]) => {
    const name = `${dims(shape)} alpha ${dims(alpha)}`;
    return {
      name,
      inputs: [
        apart(random(shape, seedOf(name)), [0]),
        random(alpha, seedOf(name) + 1, { lo: 0.1, hi: 0.5 }),
      ],
      gpu: ([x, a]) => ops.prelu(x!, a!),
      forward: ([x, a]) => zipBroadcast(x!, a!, (v, slope) => (v > 0 ? v : slope * v)),
      differentiable: [true, true],
    };
  }),
  tolerance: tolerances.sum,
};

const comparisons = {
  equal: (a: number, b: number) => a === b,
  greater: (a: number, b: number) => a > b,
  greaterEqual: (a: number, b: number) => a >= b,
  less: (a: number, b: number) => a < b,
};

function comparisonFamily(op: keyof typeof comparisons): OpFamily {
  const pairs: readonly (readonly [Shape, Shape])[] = [...alphas, [[255], [255]], [[7], []]];
  const cases = pairs.map(([a, b]): OpCase => {
    const name = `${dims(a)} , ${dims(b)}`;
    return {
      name,
      // Few values, so that many are equal.
      inputs: [randomIntegers(a, seedOf(name), 3), randomIntegers(b, seedOf(name) + 1, 3)],
      gpu: ([x, y]) => ops[op](x!, y!),
      forward: ([x, y]) => zipBroadcast(x!, y!, (v, w) => Number(comparisons[op](v, w))),
      differentiable: [false, false],
    };
  });
  return { op, cases, tolerance: tolerances.exact };
}

const signFamily: OpFamily = {
  op: 'sign',
  cases: [array([5], [-2, 0, 3, -0.5, 2 ** -60]), random([33], 5), random([2, 3, 4], 6)].map(
    (x) => ({
      name: dims(x.shape),
      inputs: [x],
      gpu: ([t]) => ops.sign(t!),
      forward: ([t]) => map(t!, Math.sign),
      differentiable: [false],
    }),
  ),
  tolerance: tolerances.exact,
};

const names = Object.keys(comparisons) as (keyof typeof comparisons)[];

export const nonlinearFamilies: readonly OpFamily[] = [
  ...parametric,
  ...plain,
  preluFamily,
  ...names.map(comparisonFamily),
  signFamily,
];
