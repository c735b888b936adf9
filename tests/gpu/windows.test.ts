import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import {
  add,
  conv2d,
  conv2dTranspose,
  depthwiseConv2d,
  dense,
  matmul,
  max,
  mean,
  mul,
  relu,
  sum,
} from '../../src/ops/index.js';
import { scope } from '../../src/scope.js';
import { empty, requireGrad, tensor, type Tensor } from '../../src/tensor.js';
import type { Shape } from '../../src/shape.js';
import { openGpu } from '../setup.js';

let own = 0;
beforeAll(async () => {
  await openGpu();
  own = defaultDevice().bindingLimit;
});
afterEach(() => {
  defaultDevice().bindingLimit = own;
});
afterAll(shutdown);

/** Values between -0.5 and 0.5 that depend on their position only. */
const value = (i: number): number => (Math.imul(i + 1, 2654435761) >>> 8) / 2 ** 24 - 0.5;

function values(shape: Shape): Float32Array {
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i));
}

/** Result and gradients of an operation under a binding limit. */
async function outcome(
  op: (...inputs: Tensor[]) => Tensor,
  shapes: readonly Shape[],
  limit: number,
): Promise<Float32Array[]> {
  defaultDevice().bindingLimit = limit;
  const inputs = shapes.map((shape) => tensor(values(shape), shape, { requiresGrad: true }));
  const y = scope(() => op(...inputs));
  const seed = tensor(values(y.shape), y.shape);
  y.backward(seed);
  const grads = inputs.map((x) => x.grad!);
  const read = await Promise.all([y, ...grads].map((t) => t.data()));
  for (const t of [...inputs, y, seed]) t.dispose();
  return read as Float32Array[];
}

/** Largest difference, relative to the largest value. */
function difference(actual: Float32Array, wanted: Float32Array): number {
  expect(actual.length).toBe(wanted.length);
  const scale = wanted.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-30);
  return actual.reduce((most, v, i) => {
    const d = Math.abs(v - wanted[i]!) / scale;
    return d <= most ? most : d;
  }, 0);
}

type Case = [name: string, op: (...inputs: Tensor[]) => Tensor, shapes: Shape[], limit: number];

const cases: Case[] = [
  ['relu', (x) => relu(x), [[5001]], 4096],
  [
    'add',
    add,
    [
      [3, 1667],
      [3, 1667],
    ],
    4096,
  ],
  ['mul by a number', (x) => mul(x, 3), [[7000]], 4096],
  ['sum of everything', (x) => sum(x), [[1021]], 4096],
  ['sum of rows', (x) => sum(x, { axis: 1 }), [[128, 8]], 4096],
  [
    'matmul',
    (a, b) => matmul(a, b),
    [
      [40, 100],
      [100, 70],
    ],
    32_768,
  ],
  [
    'matmul, many rows',
    (a, b) => matmul(a, b),
    [
      [2000, 12],
      [12, 20],
    ],
    32_768,
  ],
  [
    'matmul, deep',
    (a, b) => matmul(a, b),
    [
      [3, 1001],
      [1001, 10],
    ],
    32_768,
  ],
  [
    'matmul a^T b',
    (a, b) => matmul(a, b, { transposeA: true }),
    [
      [1000, 33],
      [1000, 20],
    ],
    32_768,
  ],
  [
    'matmul a b^T',
    (a, b) => matmul(a, b, { transposeB: true }),
    [
      [9, 32],
      [1000, 32],
    ],
    32_768,
  ],
  [
    'dense',
    (x, w, bias) => dense(x, w, { bias, activation: 'relu' }),
    [[5, 300], [300, 130], [130]],
    131_072,
  ],
  [
    'conv2d',
    (x, w, bias) => conv2d(x, w, { bias, padding: 'same', activation: 'relu' }),
    [[25, 8, 8, 8], [3, 3, 8, 12], [12]],
    65_536,
  ],
];

/** Pictures of an odd number of floats, so that most windows begin beside an alignment. */
const odd: Case[] = [
  [
    'conv2d, strides',
    (x, w) => conv2d(x, w, { strides: 2 }),
    [
      [57, 9, 7, 5],
      [3, 3, 5, 7],
    ],
    20_480,
  ],
  [
    'conv2d of fours',
    (x, w) => conv2d(x, w),
    [
      [57, 5, 7, 4],
      [3, 3, 4, 8],
    ],
    20_480,
  ],
  [
    'conv2dTranspose',
    (x, w) => conv2dTranspose(x, w, { strides: 2 }),
    [
      [57, 5, 5, 3],
      [3, 3, 7, 3],
    ],
    20_480,
  ],
  [
    'depthwiseConv2d',
    (x, w) => depthwiseConv2d(x, w),
    [
      [57, 9, 7, 5],
      [3, 3, 5, 1],
    ],
    20_480,
  ],
  [
    'depthwiseConv2d of fours, strides',
    (x, w) => depthwiseConv2d(x, w, { strides: 2, padding: 'same' }),
    [
      [57, 5, 7, 12],
      [5, 5, 12, 1],
    ],
    20_480,
  ],
];

describe.each(['lanes', 'simt', 'direct'] as const)('pictures in windows, %s', (loop) => {
  it.each(odd)('%s', async (_, op, shapes, limit) => {
    const device = defaultDevice();
    const before = device.innerLoop;
    // Other adapters cannot run the loop of the software ones.
    if (loop !== 'lanes') device.innerLoop = loop;
    const whole = await outcome(op, shapes, own);
    const inWindows = await outcome(op, shapes, limit);
    device.innerLoop = before;
    for (const [i, wanted] of whole.entries()) {
      expect(difference(inWindows[i]!, wanted), `output ${i}`).toBeLessThanOrEqual(2e-6);
    }
  });
});

describe('the same values with operands in windows', () => {
  it.each(cases)('%s', async (_, op, shapes, limit) => {
    const whole = await outcome(op, shapes, own);
    const inWindows = await outcome(op, shapes, limit);
    for (const [i, wanted] of whole.entries()) {
      expect(difference(inWindows[i]!, wanted), `output ${i}`).toBeLessThanOrEqual(2e-6);
    }
  });

  it.each([98_304, 163_840])('sums and maxima of large tensors, %i bytes', async (limit) => {
    const x = tensor(values([60_001]));
    const y = tensor(values([9000, 10]), [9000, 10]);
    const wanted = await Promise.all([sum(x), mean(x), max(x), sum(y, { axis: 0 })].map(read));
    defaultDevice().bindingLimit = limit;
    const actual = await Promise.all([sum(x), mean(x), max(x), sum(y, { axis: 0 })].map(read));
    for (const [i, w] of wanted.entries()) {
      expect(difference(actual[i]!, w)).toBeLessThanOrEqual(2e-6);
    }
  });
});

const read = async (t: Tensor): Promise<Float32Array> => (await t.data()) as Float32Array;

it('VGG-16: dense of 25,088 x 4,096, forward and backward, on the limit of the adapter', async () => {
  const [k, n] = [25_088, 4096];
  const { recorder, memory } = defaultDevice();
  const poison = memory.onAllocate;
  memory.onAllocate = undefined;
  const before = memory.info();
  const w = empty([k, n]);
  const block = 64;
  const part = values([block, n]);
  // The same 64 rows again and again: the host then holds 1 MiB, not 400.
  const source = tensor(part);
  for (let row = 0; row < k; row += block) {
    recorder.copy(source.storage, 0, w.storage, row * n * 4, part.byteLength);
  }
  requireGrad(w);
  const x = tensor(values([2, k]), [2, k], { requiresGrad: true });
  const y = dense(x, w);
  const seed = tensor(values([2, n]), [2, n]);
  y.backward(seed);

  const at = (row: number, column: number): number => value((row % block) * n + column);
  const [yValues, dx] = await Promise.all([read(y), read(x.grad!)]);
  for (const [i, j] of [
    [0, 0],
    [1, 4095],
    [0, 1777],
    [1, 2048],
  ] as const) {
    let total = 0;
    for (let r = 0; r < k; r++) total += Math.fround(value(i * k + r)) * Math.fround(at(r, j));
    expect(Math.abs(yValues[i * n + j]! - total)).toBeLessThan(1e-3);
  }
  for (const [i, r] of [
    [0, 0],
    [1, 25_087],
    [0, 16_384],
    [1, 8191],
  ] as const) {
    let total = 0;
    for (let j = 0; j < n; j++) total += Math.fround(value(i * n + j)) * Math.fround(at(r, j));
    expect(Math.abs(dx[i * k + r]! - total)).toBeLessThan(1e-3);
  }
  // Rows of dw from each end and from the middle: dw[r, j] = sum over i of x[i, r] dy[i, j].
  for (const r of [0, 12_543, 25_087]) {
    const row = empty([n]);
    recorder.copy(w.grad!.storage, r * n * 4, row.storage, 0, n * 4);
    const dw = await read(row);
    const wanted = Float32Array.from(
      { length: n },
      (_, j) => value(r) * value(j) + value(k + r) * value(n + j),
    );
    expect(difference(dw, wanted)).toBeLessThan(1e-6);
    row.dispose();
  }
  for (const t of [source, w, x, y, seed]) t.dispose();
  expect(memory.info().liveBytes).toBe(before.liveBytes);
  memory.onAllocate = poison;
});
