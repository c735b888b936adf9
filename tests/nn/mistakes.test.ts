import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FoveaError, type ErrorCode } from '../../src/errors.js';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import type { ArrayInput } from '../../src/nn/data.js';
import * as layers from '../../src/nn/layers/index.js';
import { losses, type LossName } from '../../src/nn/losses.js';
import type { MetricName } from '../../src/nn/metrics.js';
import { sequential, type Sequential } from '../../src/nn/sequential.js';
import type { FitOptions } from '../../src/nn/train.js';
import { tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

const zeros = (...shape: number[]): { data: Float32Array; shape: number[] } => ({
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  shape,
});
const x = zeros(4, 8, 8, 1);
const y = Int32Array.of(0, 1, 2, 9);

function digitsNet(loss: LossName = 'sparseCategoricalCrossentropy'): Sequential {
  const model = sequential([
    layers.input({ shape: [8, 8, 1] }),
    layers.flatten(),
    layers.dense({ units: 10, activation: 'softmax' }),
  ]);
  model.compile({ optimizer: 'sgd', loss });
  return model;
}

function withValue(index: number, value: number): { data: Float32Array; shape: number[] } {
  const broken = zeros(4, 8, 8, 1);
  broken.data[index] = value;
  return broken;
}

interface Mistake {
  readonly name: string;
  readonly x?: ArrayInput;
  readonly y?: ArrayInput;
  readonly loss?: LossName;
  readonly options?: FitOptions;
  readonly code: ErrorCode;
  readonly message: RegExp;
}

const mistakes: readonly Mistake[] = [
  {
    name: 'a label above the classes',
    y: Int32Array.of(0, 1, 10, 2),
    code: 'DATA',
    message: /^fit: label 10 at y\[2\] is outside of 0\.\.9: the model has 10 classes/,
  },
  { name: 'a negative label', y: [0, -1, 2, 3], code: 'DATA', message: /label -1 at y\[1\]/ },
  { name: 'half a label', y: [0, 1, 2, 2.5], code: 'DATA', message: /label 2.5 at y\[3\]/ },
  {
    name: 'one-hot labels for class numbers',
    y: zeros(4, 10),
    code: 'SHAPE',
    message: /y has shape \(4, 10\), sparse\w+ expects \(None\)[^]*'categoricalCrossentropy'/,
  },
  {
    name: 'class numbers for one-hot labels',
    loss: 'categoricalCrossentropy',
    code: 'SHAPE',
    message: /y has shape \(4\), \w+ expects \(None, 10\)[^]*'sparseCategoricalCrossentropy'/,
  },
  {
    name: 'a probability of 2',
    loss: 'categoricalCrossentropy',
    y: { data: zeros(4, 10).data.fill(2, 13, 14), shape: [4, 10] },
    code: 'DATA',
    message: /y\[1, 3\] is 2, not in 0\.\.1/,
  },
  {
    name: 'fewer targets than samples',
    y: Int32Array.of(0, 1, 2),
    code: 'SHAPE',
    message: /x has 4 samples, y has 3/,
  },
  {
    name: 'NaN in x',
    x: withValue(64 + 8 * 2 + 3, NaN),
    code: 'DATA',
    message: /^fit: x\[1, 2, 3, 0\] is NaN/,
  },
  {
    name: 'infinity in x',
    x: withValue(0, -Infinity),
    code: 'DATA',
    message: /^fit: x\[0, 0, 0, 0\] is -Infinity/,
  },
  {
    name: 'NaN in y',
    loss: 'meanSquaredError',
    y: { data: zeros(4, 10).data.fill(NaN, 20), shape: [4, 10] },
    code: 'DATA',
    message: /^fit: y\[2, 0\] is NaN/,
  },
  {
    name: 'no channels',
    x: zeros(4, 8, 8),
    code: 'SHAPE',
    message: /x has shape \(4, 8, 8\), expected \(None, 8, 8, 1\)[^]*grey picture has one channel/,
  },
  {
    name: 'no batch',
    x: zeros(8, 8, 1),
    code: 'SHAPE',
    message: /expected \(None, 8, 8, 1\)[^]*batch dimension is missing/,
  },
  {
    name: 'other channels',
    x: zeros(4, 8, 8, 3),
    code: 'SHAPE',
    message: /x has shape \(4, 8, 8, 3\), expected[^]*takes 1 channels, the data have 3/,
  },
  { name: 'no samples', x: zeros(0, 8, 8, 1), y: [], code: 'DATA', message: /x is empty/ },
  {
    name: 'values that do not fill the shape',
    x: { data: new Float32Array(3), shape: [4, 8, 8, 1] },
    code: 'SHAPE',
    message: /fit: x: 3 values do not fill shape \[4, 8, 8, 1\]/,
  },
  { name: 'batch size 0', options: { batchSize: 0 }, code: 'ARGUMENT', message: /batchSize .* 0/ },
  {
    name: 'half a batch',
    options: { batchSize: 1.5 },
    code: 'ARGUMENT',
    message: /batchSize .* 1.5/,
  },
  { name: 'no epochs', options: { epochs: 0 }, code: 'ARGUMENT', message: /epochs .* 0/ },
  {
    name: 'validationSplit 1',
    options: { validationSplit: 1 },
    code: 'ARGUMENT',
    message: /validationSplit must be at least 0 and less than 1, got 1/,
  },
  {
    name: 'a validationSplit that leaves nothing to train on',
    options: { validationSplit: 0.9 },
    code: 'DATA',
    message: /validationSplit 0.9 of 4 samples leaves 0 to train on and 4/,
  },
  {
    name: 'wrong validation data',
    options: { validationData: [zeros(2, 8, 8, 3), [0, 1]] },
    code: 'SHAPE',
    message: /the data have 3/,
  },
];

async function rejection(promise: Promise<unknown>): Promise<FoveaError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FoveaError);
  return error as FoveaError;
}

describe('fit refuses', () => {
  for (const mistake of mistakes) {
    it(mistake.name, async () => {
      const model = digitsNet(mistake.loss);
      const before = defaultDevice().memory.info().liveStorages;
      const options = { verbose: 0, ...mistake.options } as const;
      const error = await rejection(model.fit(mistake.x ?? x, mistake.y ?? y, options));
      expect(error.code).toBe(mistake.code);
      expect(error.message).toMatch(mistake.message);
      expect(defaultDevice().memory.info().liveStorages).toBe(before);
      model.dispose();
    });
  }

  it('NaN in a tensor', async () => {
    const broken = withValue(5, NaN);
    const error = await rejection(digitsNet().fit(tensor(broken.data, broken.shape), y));
    expect(error.message).toMatch(/x\[0, 0, 5, 0\] is NaN/);
  });

  it('a model that is not compiled, or has nothing to train', async () => {
    const model = sequential([layers.input({ shape: [8, 8, 1] }), layers.flatten()]);
    expect((await rejection(model.fit(x, y))).message).toMatch(/fit: the model is not compiled/);
    const evaluated = await rejection(model.evaluate(x, y));
    expect(evaluated.message).toMatch(/evaluate: the model is not compiled/);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const error = await rejection(model.fit(x, zeros(4, 64), { verbose: 0 }));
    expect(error.message).toMatch(/no weight of the model is trainable/);
  });
});

describe('the others refuse', () => {
  it('wrong data in evaluate and predict', async () => {
    const model = digitsNet();
    const label = await rejection(model.evaluate(x, [0, 1, 2, 77], { verbose: 0 }));
    expect(label.message).toMatch(/^evaluate: label 77 at y\[3\]/);
    const shape = await rejection(model.predict(zeros(4, 8, 8, 3)));
    expect(shape.message).toMatch(/^predict: x has shape/);
    expect((await rejection(model.predict(zeros(0, 8, 8, 1)))).code).toBe('DATA');
    expect((await rejection(model.predict(x, { batchSize: -1 }))).code).toBe('ARGUMENT');
    expect((await rejection(model.evaluate(x, y, { batchSize: 0 }))).code).toBe('ARGUMENT');
  });

  it('unknown names in compile, and senseless options of losses', () => {
    const model = digitsNet();
    const [optimizer, loss] = ['sgd', 'meanSquaredError'] as const;
    expect(() => model.compile({ optimizer, loss: 'hinge' as LossName })).toThrow(
      /loss 'hinge' is unknown; allowed are 'categoricalCrossentropy'/,
    );
    expect(() => model.compile({ optimizer, loss, metrics: ['f1' as MetricName] })).toThrow(
      /metric 'f1' is unknown; allowed are 'accuracy'/,
    );
    expect(() => losses.binaryCrossentropy({ labelSmoothing: 2 })).toThrow(
      /labelSmoothing must be/,
    );
  });

  it('a sparse loss with one output', async () => {
    const model = sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const error = await rejection(model.fit(zeros(2, 2), [0, 1], { verbose: 0 }));
    expect(error.message).toMatch(/needs a model with several classes[^]*'binaryCrossentropy'/);
  });
});
