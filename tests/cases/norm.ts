import { batchNorm, batchNormInference } from '../../src/ops/index.js';
import { activations, type ActivationName } from '../reference/activations.js';
import { map, random, type Array64, type Range } from '../reference/array.js';
import * as reference from '../reference/norm.js';
import {
  dims,
  seedOf,
  tolerances,
  type OpCase,
  type OpFamily,
  type Tolerance,
  type Tolerances,
} from './case.js';

type Shape = readonly number[];
type Output = 'y' | 'mean' | 'variance';

const shapes: readonly Shape[] = [
  [2, 3, 5, 1],
  [1, 7, 3, 3],
  [3, 4, 4, 4],
  [2, 5, 3, 17],
  [2, 3, 3, 64],
  [9, 4],
  [130, 3],
];

/** Standard deviation 1, mean 100: E(x^2) - E(x)^2 loses everything here. */
const farOff: Range = { lo: 100 - Math.sqrt(3), hi: 100 + Math.sqrt(3) };

/** x, gamma, beta. */
function inputs(shape: Shape, seed: number, range: Range): Array64[] {
  const channels = [shape.at(-1)!];
  return [
    random(shape, seed, range),
    random(channels, seed + 1, { lo: 0.5, hi: 1.5 }),
    random(channels, seed + 2),
  ];
}

function trainingCase(output: Output, shape: Shape, range: Range, epsilon?: number): OpCase {
  const name = `${dims(shape)}${epsilon === undefined ? '' : ` epsilon ${epsilon}`}`;
  const options = epsilon === undefined ? {} : { epsilon };
  const wanted = output === 'y';
  return {
    name,
    inputs: inputs(shape, seedOf(name), range),
    gpu: ([x, gamma, beta]) => batchNorm(x!, gamma!, beta!, options)[output],
    forward: ([x, gamma, beta]) => reference.batchNorm(x!, gamma!, beta!, options)[output],
    differentiable: [wanted, wanted, wanted],
  };
}

function trainingFamily(output: Output, range: Range, tolerance: Tolerances): OpFamily {
  const label = output === 'y' ? 'batchNorm' : `batchNorm ${output}`;
  const cases = shapes.map((shape) => trainingCase(output, shape, range));
  const tiny = trainingCase(output, [2, 4, 3, 5], range, 1e-5);
  return {
    op: range === farOff ? `${label}, mean 100 deviation 1` : label,
    cases: [...cases, tiny],
    tolerance,
  };
}

function activatedCase(shape: Shape, activation: ActivationName): OpCase {
  const name = `${dims(shape)} ${activation}`;
  return {
    name,
    inputs: inputs(shape, seedOf(name), {}),
    gpu: ([x, gamma, beta]) => batchNorm(x!, gamma!, beta!, { activation }).y,
    forward: ([x, gamma, beta]) =>
      map(reference.batchNorm(x!, gamma!, beta!).y, activations[activation]),
    differentiable: [true, true, true],
  };
}

function inferenceCase(shape: Shape, epsilon?: number): OpCase {
  const name = `${dims(shape)}${epsilon === undefined ? '' : ` epsilon ${epsilon}`}`;
  const seed = seedOf(name);
  const options = epsilon === undefined ? {} : { epsilon };
  const channels = [shape.at(-1)!];
  return {
    name,
    inputs: [
      ...inputs(shape, seed, {}),
      random(channels, seed + 3),
      random(channels, seed + 4, { lo: 0.3, hi: 2 }),
    ],
    gpu: ([x, gamma, beta, mean, variance]) =>
      batchNormInference(x!, gamma!, beta!, mean!, variance!, options),
    forward: ([x, gamma, beta, mean, variance]) =>
      reference.batchNormInference(x!, gamma!, beta!, mean!, variance!, options),
    differentiable: [true, true, true, false, false],
  };
}

const both = (tolerance: Tolerance): Tolerances => ({ forward: tolerance, backward: tolerance });

export const normFamilies: readonly OpFamily[] = [
  trainingFamily('y', {}, tolerances.transcendental),
  trainingFamily('mean', {}, both({ l2: 1e-6, max: 1e-6 })),
  trainingFamily('variance', {}, both({ l2: 1e-5, max: 1e-5 })),
  // A float32 near 100 is itself only known to 4e-6, in units of the deviation.
  trainingFamily('y', farOff, both({ l2: 2e-5, max: 1e-4 })),
  trainingFamily('mean', farOff, both({ l2: 2e-7, max: 3e-7 })),
  trainingFamily('variance', farOff, both({ l2: 1e-5, max: 1e-5 })),
  {
    op: 'batchNorm and activation',
    cases: (['relu', 'relu6', 'sigmoid', 'tanh', 'swish'] as const).flatMap((activation) =>
      [
        [2, 5, 3, 17],
        [3, 7, 7, 8],
        [130, 3],
      ].map((shape) => activatedCase(shape, activation)),
    ),
    tolerance: tolerances.transcendental,
  },
  {
    op: 'batchNormInference',
    cases: [...shapes.map((shape) => inferenceCase(shape)), inferenceCase([2, 4, 3, 5], 1e-5)],
    tolerance: tolerances.transcendental,
  },
];
