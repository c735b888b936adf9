import { afterAll, beforeAll, expect, it } from 'vitest';
import { FoveaError, type ErrorCode } from '../../src/errors.js';
import { shutdown } from '../../src/gpu/init.js';
import * as ops from '../../src/ops/index.js';
import { scope } from '../../src/scope.js';
import { tensor, type DType, type Tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

function make(shape: readonly number[], dtype: DType = 'float32'): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(new Float64Array(size), shape, { dtype });
}

const images = (): Tensor => make([2, 5, 7, 3]);

/** What is called, the code of its error, and what the message has to name. */
const mistakes: readonly (readonly [string, () => unknown, ErrorCode, readonly RegExp[]])[] = [
  ['maxPool2d', () => ops.maxPool2d(make([5, 7, 3])), 'SHAPE', [/rank 4/, /\[5, 7, 3\]/, /batch/]],
  ['avgPool2d', () => ops.avgPool2d(make([5, 7], 'int32')), 'ARGUMENT', [/int32 \[5, 7\]/, /cast/]],
  [
    'maxPool2d',
    () => ops.maxPool2d(images(), { poolSize: 6 }),
    'SHAPE',
    [/window of 6/, /5 cells/],
  ],
  ['maxPool2d', () => ops.maxPool2d(images(), { poolSize: 0 }), 'ARGUMENT', [/poolSize/, /0/]],
  ['avgPool2d', () => ops.avgPool2d(images(), { strides: 1.5 }), 'ARGUMENT', [/strides/, /1\.5/]],
  [
    'avgPool2d',
    () =>
      ops.avgPool2d(images(), {
        padding: [
          [2, 0],
          [0, 0],
        ],
      }),
    'ARGUMENT',
    [/\[2, 5, 7, 3\]/, /poolSize \[2, 2\]/],
  ],
  ['globalAvgPool2d', () => ops.globalAvgPool2d(make([2, 3])), 'SHAPE', [/rank 4/, /\[2, 3\]/]],
  ['globalMaxPool2d', () => ops.globalMaxPool2d(make([2])), 'SHAPE', [/rank 4/, /\[2\]/]],
  ['softmax', () => ops.softmax(make([])), 'SHAPE', [/last axis/, /\[\]/]],
  ['softmax', () => ops.softmax(make([2, 3], 'int32')), 'ARGUMENT', [/int32 \[2, 3\]/]],
  ['logSoftmax', () => ops.logSoftmax(make([2, 0])), 'SHAPE', [/last axis/, /\[2, 0\]/]],
  [
    'softmaxCrossEntropy',
    () => ops.softmaxCrossEntropy(make([4, 10]), make([3], 'int32')),
    'SHAPE',
    [/labels int32 \[3\]/, /\[4, 10\]/, /int32 \[4\]/],
  ],
  [
    'softmaxCrossEntropy',
    () => ops.softmaxCrossEntropy(make([4, 10]), make([4])),
    'SHAPE',
    [/labels float32 \[4\]/, /\[4, 10\]/],
  ],
  [
    'softmaxCrossEntropy',
    () => ops.softmaxCrossEntropy(make([4, 10]), make([4], 'int32'), { labelSmoothing: 1.5 }),
    'ARGUMENT',
    [/labelSmoothing/, /1\.5/],
  ],
  [
    'categoricalCrossEntropy',
    () => ops.categoricalCrossEntropy(make([4, 10]), make([4, 9])),
    'SHAPE',
    [/\[4, 9\]/, /\[4, 10\]/],
  ],
  [
    'categoricalCrossEntropy',
    () => {
      const labels = tensor(new Float32Array(4), [2, 2], { requiresGrad: true });
      return ops.categoricalCrossEntropy(make([2, 2]), labels);
    },
    'ARGUMENT',
    [/labels \[2, 2\]/, /detach/],
  ],
  [
    'binaryCrossEntropy',
    () => ops.binaryCrossEntropy(make([4, 1]), make([4])),
    'SHAPE',
    [/\[4, 1\]/, /\[4\]/],
  ],
  [
    'binaryCrossEntropy',
    () => ops.binaryCrossEntropy(make([4, 1]), make([4, 1], 'int32')),
    'ARGUMENT',
    [/int32 \[4, 1\]/],
  ],
  [
    'meanSquaredError',
    () => ops.meanSquaredError(make([2, 3]), make([3, 2])),
    'SHAPE',
    [/\[2, 3\]/, /\[3, 2\]/],
  ],
  [
    'dropout',
    () => ops.dropout(make([2, 3]), { rate: 1, seed: 0 }),
    'ARGUMENT',
    [/got 1 /, /\[2, 3\]/],
  ],
  ['dropout', () => ops.dropout(make([2]), { rate: NaN, seed: 0 }), 'ARGUMENT', [/NaN/]],
  ['dropout', () => ops.dropout(make([2]), { rate: 0.5, seed: -1 }), 'ARGUMENT', [/seed/, /-1/]],
  [
    'batchNorm',
    () => ops.batchNorm(images(), make([3]), make([7])),
    'SHAPE',
    [/beta \[7\]/, /\[2, 5, 7, 3\]/, /\[3\]/],
  ],
  [
    'batchNorm',
    () => ops.batchNorm(make([0, 3]), make([3]), make([3])),
    'SHAPE',
    [/no rows/, /\[0, 3\]/],
  ],
  [
    'batchNorm',
    () => ops.batchNorm(images(), make([3]), make([3]), { epsilon: -1 }),
    'ARGUMENT',
    [/epsilon/, /-1/],
  ],
  [
    'batchNorm',
    () => ops.batchNorm(images(), make([3]), make([3]), { activation: 'gelu' as 'relu' }),
    'ARGUMENT',
    [/unknown activation "gelu"/, /relu, relu6/],
  ],
  [
    'batchNormInference',
    () => ops.batchNormInference(images(), make([3]), make([3]), make([3]), make([1, 3])),
    'SHAPE',
    [/variance \[1, 3\]/, /\[2, 5, 7, 3\]/],
  ],
  ['gather', () => ops.gather(make([4, 3]), make([2])), 'ARGUMENT', [/indices/, /float32 \[2\]/]],
  ['gather', () => ops.gather(make([]), make([2], 'int32')), 'SHAPE', [/scalar/, /\[\]/]],
  ['gather', () => ops.gather(make([4], 'uint8'), make([2], 'int32')), 'ARGUMENT', [/uint8 \[4\]/]],
  ['oneHot', () => ops.oneHot(make([2]), 3), 'ARGUMENT', [/indices/, /float32 \[2\]/]],
  ['oneHot', () => ops.oneHot(make([2], 'int32'), 0), 'ARGUMENT', [/depth/, /got 0/, /\[2\]/]],
  ['cast', () => ops.cast(make([2]), 'int32' as 'float32'), 'ARGUMENT', [/float32 \[2\]/, /int32/]],
  ['resize', () => ops.resize(make([5, 7, 3]), [2, 2]), 'SHAPE', [/rank 4/, /\[5, 7, 3\]/]],
  ['resize', () => ops.resize(images(), [0, 2]), 'ARGUMENT', [/size/, /0,2/]],
  ['resize', () => ops.resize(make([1, 2, 2, 3], 'uint8'), [2, 2]), 'ARGUMENT', [/uint8/, /cast/]],
  [
    'resize',
    () => ops.resize(images(), [2, 2], { alignCorners: true, halfPixelCenters: true }),
    'ARGUMENT',
    [/alignCorners/, /halfPixelCenters/, /\[2, 5, 7, 3\]/],
  ],
  [
    'resize',
    () => ops.resize(images(), [2, 2], { method: 'cubic' as 'nearest' }),
    'ARGUMENT',
    [/cubic/],
  ],
];

it.each(mistakes)('%s refuses mistake %#', (op, call, code, patterns) => {
  let error: unknown;
  try {
    scope(call as () => Tensor);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(FoveaError);
  expect((error as FoveaError).code).toBe(code);
  expect((error as FoveaError).message).toMatch(new RegExp(`^${op}: `));
  for (const pattern of patterns) expect((error as FoveaError).message).toMatch(pattern);
});

it('gives NaN as the loss of a sample whose class does not exist, and of no other', async () => {
  using logits = tensor(new Float32Array(12), [4, 3]);
  using labels = tensor(Int32Array.of(0, 3, -1, 2));
  for (const [loss, wanted] of [
    [ops.softmaxCrossEntropy(logits, labels), Math.log(3)],
    [ops.softmaxCrossEntropy(logits, labels, { labelSmoothing: 0.1 }), Math.log(3)],
  ] as const) {
    const [a, b, c, d] = await loss.data();
    expect([b, c]).toEqual([NaN, NaN]);
    for (const value of [a, d]) expect(value).toBeCloseTo(wanted, 5);
    loss.dispose();
  }
});
