import { afterAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import * as ops from '../../src/ops/index.js';
import { Random } from '../../src/random.js';
import { scope } from '../../src/scope.js';
import { tensor, type Tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

await openGpu();
afterAll(shutdown);
const hasFloat16 = defaultDevice().gpu.features.has('shader-f16');

/** So small that every tensor below needs several windows, which begin at a multiple of 256 bytes. */
const LIMITS = { float32: 49_152, float16: 98_304 } as const;

const random = new Random(17);
const images = Float32Array.from({ length: 780 * 6 * 5 * 2 }, () => random.normal());
const shape = [780, 6, 5, 2];
const channels = (): Tensor => tensor([0.5, 2]);
const filters = (): Tensor => tensor([0.5, 2, -1, 0.25, 1, 3], [1, 1, 2, 3]);
const labels = (): Tensor => tensor(Int32Array.from({ length: 23_400 }, (_, i) => i % 2));

const turned = Float32Array.from({ length: 780 * 6 }, () => random.normal());
const turns = (): Tensor => tensor(turned, [780, 6]);

/** Ops of one large tensor that work in windows where it is above the binding limit. */
const windowed: readonly (readonly [string, (x: Tensor) => Tensor])[] = [
  ['maxPool2d', (x) => ops.maxPool2d(x, { poolSize: 3, strides: 2, padding: 'same' })],
  ['avgPool2d', (x) => ops.avgPool2d(x)],
  ['conv2d', (x) => ops.conv2d(x, filters())],
  ['resize', (x) => ops.resize(x, [4, 7])],
  ['affine', (x) => ops.affine(x, turns())],
  ['gelu', (x) => ops.gelu(x)],
  ['pow', (x) => ops.pow(x, 2)],
  ['softmax', (x) => ops.softmax(x)],
  ['logSoftmax', (x) => ops.logSoftmax(x)],
  ['softmaxCrossEntropy', (x) => ops.softmaxCrossEntropy(ops.reshape(x, [23_400, 2]), labels())],
  ['meanSquaredError', (x) => ops.meanSquaredError(x, x.detach())],
  ['huber', (x) => ops.huber(x, ops.mul(x.detach(), 0.5))],
  ['dropout', (x) => ops.dropout(x, { rate: 0.5, seed: 5 })],
  ['batchNorm', (x) => ops.batchNorm(x, channels(), channels()).y],
  ['layerNorm', (x) => ops.layerNorm(x, channels(), channels())],
  [
    'batchNormInference',
    (x) => ops.batchNormInference(x, channels(), channels(), channels(), channels()),
  ],
  // Forward only: broadcastTo, its gradient, needs its result within one binding.
  ['sum', (x) => ops.sum(x.detach(), { axis: [0, 1, 2] })],
];

async function outcome(
  op: (x: Tensor) => Tensor,
  limit: number,
  dtype: 'float32' | 'float16',
): Promise<unknown> {
  const device = defaultDevice();
  const before = device.bindingLimit;
  const x = tensor(images, shape, { requiresGrad: true, dtype });
  let y: Tensor;
  device.bindingLimit = limit;
  try {
    y = scope(() => op(x));
    if (y.requiresGrad) y.backward(y.detach());
  } finally {
    device.bindingLimit = before;
  }
  const result = [await y.data(), await x.grad?.data()];
  for (const t of [x, y]) t.dispose();
  return result;
}

describe.each(hasFloat16 ? (['float32', 'float16'] as const) : (['float32'] as const))(
  '%s',
  (dtype) => {
    it.each(windowed)('%s gives the same bits in windows', async (_, op) => {
      const limit = defaultDevice().bindingLimit;
      expect(await outcome(op, LIMITS[dtype], dtype)).toEqual(await outcome(op, limit, dtype));
    });
  },
);

it('cast gives the same values in windows', async () => {
  const device = defaultDevice();
  const limit = device.bindingLimit;
  using bytes = tensor(Uint8Array.from({ length: 5003 }, (_, i) => i % 251));
  device.bindingLimit = 1024;
  using y = ops.cast(bytes, 'float32');
  device.bindingLimit = limit;
  expect(await y.data()).toEqual(Float32Array.from({ length: 5003 }, (_, i) => i % 251));
});
