import { dense, matmul } from '../../src/ops/index.js';
import type { ActivationName } from '../reference/activations.js';
import { random } from '../reference/array.js';
import * as reference from '../reference/matmul.js';
import { pairwise } from '../reference/pairwise.js';
import { seedOf, tolerances, type OpCase, type OpFamily } from './case.js';
import { affineCase, affineFamilies } from './conv.js';

interface MatmulSpec {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** m, k, n: remainders and exact multiples of tiles of 16, 32 and 64, and thin shapes. */
const sizes: readonly [number, number, number][] = [
  [2, 1, 1],
  [65, 130, 67],
  [64, 64, 64],
  [1, 300, 10],
  [33, 1, 17],
  [128, 32, 16],
  [3, 1025, 2],
  [4, 8, 129],
  [3, 2600, 8],
  [30, 2600, 5],
];

const matmulRows: readonly MatmulSpec[] = [
  ...pairwise(
    {
      m: [1, 3, 16, 17, 33],
      k: [1, 4, 15, 32, 37],
      n: [1, 2, 16, 31, 40],
      transposeA: [false, true],
      transposeB: [false, true],
    },
    { seed: 21 },
  ),
  ...sizes.flatMap(([m, k, n]) =>
    [0, 1, 2, 3].map((bits) => ({
      m,
      k,
      n,
      transposeA: (bits & 1) !== 0,
      transposeB: (bits & 2) !== 0,
    })),
  ),
];

function matmulCase({ m, k, n, transposeA, transposeB }: MatmulSpec): OpCase {
  const name = `${m}x${k}x${n}${transposeA ? ' A^T' : ''}${transposeB ? ' B^T' : ''}`;
  const options = { transposeA, transposeB };
  return {
    name,
    inputs: [
      random(transposeA ? [k, m] : [m, k], seedOf(name)),
      random(transposeB ? [n, k] : [k, n], seedOf(name) + 1),
    ],
    gpu: ([a, b]) => matmul(a!, b!, options),
    forward: ([a, b]) => reference.matmul(a!, b!, options),
    backward: ([a, b], _, dy) => reference.matmulBackward(a!, b!, dy, options),
    differentiable: [true, true],
  };
}

interface DenseSpec {
  readonly batch: number;
  readonly inputs: number;
  readonly units: number;
  readonly bias: boolean;
  readonly activation: ActivationName | undefined;
}

const denseRows: readonly DenseSpec[] = pairwise(
  {
    batch: [1, 3, 32, 33],
    inputs: [1, 5, 64, 100, 301],
    units: [1, 2, 10, 32, 65],
    bias: [false, true],
    activation: [undefined, 'relu', 'relu6', 'sigmoid', 'tanh', 'swish'],
  },
  { seed: 22 },
);

function denseCase({ batch, inputs, units, bias, activation }: DenseSpec): OpCase {
  return affineCase(
    {
      name: `n${batch} ${inputs}->${units}${bias ? ' bias' : ''}${activation ? ` ${activation}` : ''}`,
      x: [batch, inputs],
      w: [inputs, units],
      bias: bias ? units : undefined,
      options: activation ? { activation } : {},
    },
    [dense, reference.dense, reference.denseBackward],
    inputs,
  );
}

export const matmulFamilies: readonly OpFamily[] = [
  { op: 'matmul', cases: matmulRows.map(matmulCase), tolerance: tolerances.sum },
  ...affineFamilies('dense', denseRows.map(denseCase)),
];
