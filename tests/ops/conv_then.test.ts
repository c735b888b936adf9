import { beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice } from '../../src/gpu/init.js';
import type { Activation } from '../../src/ops/activation.js';
import { conv2dThen, type ConvOptions } from '../../src/ops/conv2d.js';
import {
  add,
  batchNormInference,
  conv2d,
  depthwiseConv2d,
  relu,
  relu6,
  sigmoid,
  swish,
} from '../../src/ops/index.js';
import { scaleShift } from '../../src/ops/norm.js';
import { Random } from '../../src/random.js';
import { scope } from '../../src/scope.js';
import type { Shape } from '../../src/shape.js';
import { tensor, type Tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

beforeAll(openGpu);

const after: Readonly<Partial<Record<Activation, (x: Tensor) => Tensor>>> = {
  relu: (x) => relu(x),
  relu6,
  sigmoid,
  swish,
};

function random(shape: Shape, seed: number, offset = 0): Tensor {
  const source = new Random(seed);
  const size = shape.reduce((product, n) => product * n, 1);
  return tensor(
    Float32Array.from({ length: size }, () => source.uniform() - 0.5 + offset),
    shape,
  );
}

interface Case {
  readonly name: string;
  readonly x: Shape;
  readonly w: Shape;
  readonly options?: Omit<ConvOptions, 'bias' | 'activation'> & { readonly groups?: number };
  readonly depthwise?: boolean;
  readonly activation?: Activation;
}

/** One for every kernel that has an end of its own. */
const cases: readonly Case[] = [
  { name: 'one window', x: [1, 14, 13, 32], w: [1, 1, 32, 40], activation: 'relu' },
  { name: 'steps in splits', x: [2, 12, 12, 128], w: [3, 3, 128, 36], activation: 'relu6' },
  { name: 'few rows', x: [1, 5, 5, 16], w: [3, 3, 16, 24], activation: 'relu' },
  { name: 'columns not in fours', x: [1, 9, 9, 6], w: [3, 3, 6, 7], activation: 'swish' },
  { name: 'a curved activation', x: [1, 14, 14, 16], w: [1, 1, 16, 16], activation: 'sigmoid' },
  { name: 'Winograd', x: [1, 60, 60, 128], w: [3, 3, 128, 112], activation: 'relu' },
  { name: 'depthwise', x: [2, 9, 9, 8], w: [3, 3, 8, 1], depthwise: true, activation: 'swish' },
  { name: 'depthwise, odd channels', x: [1, 9, 9, 5], w: [3, 3, 5, 1], depthwise: true },
  { name: 'groups', x: [1, 7, 7, 8], w: [3, 3, 4, 6], options: { groups: 2 }, activation: 'relu' },
  {
    name: 'stride and padding at two sides',
    ...{ x: [1, 11, 12, 8], w: [3, 3, 8, 12], activation: 'relu' },
    options: {
      strides: 2,
      padding: [
        [1, 0],
        [0, 2],
      ],
    },
  },
];

describe.each(['inner loop of the adapter', 'simt', 'sgmat', 'direct'] as const)('%s', (loop) => {
  // Emulated matrix units take minutes for the largest one, which is there for Winograd.
  const some = loop === 'sgmat' ? cases.filter(({ name }) => name !== 'Winograd') : cases;

  it.each(some)('$name: as one operation after the other', async (test) => {
    const { x: xShape, w: wShape, options = {}, depthwise = false, activation } = test;
    const device = defaultDevice();
    const before = device.innerLoop;
    if (loop !== 'inner loop of the adapter') device.innerLoop = loop;
    const channels = depthwise ? wShape[2]! * wShape[3]! : wShape[3]!;
    const [x, w, bias] = [random(xShape, 1), random(wShape, 2), random([channels], 3)];
    const gamma = random([channels], 4, 1);
    const beta = random([channels], 5);
    const mean = random([channels], 6);
    const variance = random([channels], 7, 1);
    const convolution = depthwise ? depthwiseConv2d : conv2d;
    const [got, want, bare, plain] = scope(() => {
      const y = convolution(x, w, { ...options, bias });
      const residual = random(y.shape, 8);
      const norm = batchNormInference(y, gamma, beta, mean, variance);
      const finish = activation ? after[activation]! : (z: Tensor): Tensor => z;
      const then = { ...options, depthwise, bias };
      return [
        conv2dThen(x, w, then, {
          scaleShift: scaleShift({ gamma, beta, mean, variance }, bias, 1e-3),
          residual,
          activation,
        }),
        finish(add(norm, residual)),
        conv2dThen(x, w, then, {
          scaleShift: scaleShift({ gamma, beta, mean, variance }, bias, 1e-3),
          activation,
        }),
        finish(norm).detach(),
      ] as const;
    });
    device.innerLoop = before;
    await expectClose(got, want);
    await expectClose(bare, plain);
    for (const t of [x, w, bias, gamma, beta, mean, variance, got, want, bare, plain]) t.dispose();
  });
});

it('adds a residual to some pictures at a time', async () => {
  const device = defaultDevice();
  const { innerLoop, bindingLimit } = device;
  const [x, w] = [random([5, 7, 7, 8], 1), random([1, 1, 8, 12], 2)];
  const residual = random([5, 7, 7, 12], 3);
  const want = scope(() => add(conv2d(x, w), residual));
  device.innerLoop = 'simt';
  device.bindingLimit = 8192;
  const got = conv2dThen(x, w, {}, { residual });
  Object.assign(device, { innerLoop, bindingLimit });
  await expectClose(got, want);
  for (const t of [x, w, residual, want, got]) t.dispose();
});

async function expectClose(got: Tensor, want: Tensor): Promise<void> {
  const [values, wanted] = [await got.data(), await want.data()];
  let [error, size] = [0, 0];
  wanted.forEach((v, i) => {
    error += (values[i]! - v) ** 2;
    size += v ** 2;
  });
  expect(Math.sqrt(error / size)).toBeLessThan(1e-5);
}
