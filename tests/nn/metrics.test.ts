import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import { digits } from '../../src/io/datasets/digits.js';
import type { Layer } from '../../src/nn/layer.js';
import * as layers from '../../src/nn/layers/index.js';
import { accuracy, RunningMeans } from '../../src/nn/metrics.js';
import { optimizers } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { assign } from '../../src/nn/update.js';
import { tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

describe('accuracy', () => {
  const pred = [
    [0.1, 0.7, 0.2],
    [0.4, 0.2, 0.4],
    [0.3, 0.3, 0.4],
    [0.5, 0.5, 0],
  ];

  it('compares the largest with class numbers; the first of equal ones counts', async () => {
    const right = accuracy(tensor(pred), tensor(Int32Array.of(1, 2, 2, 0)));
    expect(await right.array()).toEqual([1, 0, 1, 1]);
  });

  it('compares the largest with the largest target', async () => {
    const targets = tensor([
      [0, 1, 0],
      [1, 0, 0],
      [0.2, 0.6, 0.2],
      [0.5, 0.5, 0],
    ]);
    expect(await accuracy(tensor(pred), targets).array()).toEqual([1, 1, 0, 1]);
  });

  it('takes one output above 0.5 for a yes', async () => {
    const right = accuracy(tensor([[0.5], [0.51], [0.2], [0.9]]), tensor([[1], [1], [0], [0]]));
    expect(await right.array()).toEqual([0, 1, 1, 0]);
  });

  it('counts every position of a map', async () => {
    const right = accuracy(
      tensor(pred.flat(), [1, 2, 2, 3]),
      tensor(Int32Array.of(1, 0, 0, 0), [1, 2, 2]),
    );
    expect(await right.array()).toEqual([1, 1, 0, 1]);
  });
});

describe('running means', () => {
  it('count every value the same, whatever the batches', async () => {
    const means = new RunningMeans(2);
    const values = Float32Array.from({ length: 1000 }, (_, i) => Math.cos(i));
    for (const [start, end] of [
      [0, 700],
      [700, 701],
      [701, 1000],
    ] as const) {
      means.add(0, tensor(values.slice(start, end)));
    }
    means.add(1, tensor([3, 5]));
    const [first, second] = await means.read();
    expect(first).toBeCloseTo(values.reduce((a, b) => a + b, 0) / 1000, 6);
    expect(second).toBe(4);
    means.reset();
    expect(await means.read()).toEqual([NaN, NaN]);
    means.dispose();
  });
});

describe('a last softmax is left to the loss', () => {
  const x = { data: Float32Array.of(1), shape: [1, 1] };
  const endings: readonly [string, Layer[]][] = [
    ['in dense', [layers.dense({ units: 2, activation: 'softmax' })]],
    ['by itself', [layers.dense({ units: 2 }), layers.activation({ activation: 'softmax' })]],
  ];
  for (const [name, ending] of endings) {
    it(name, async () => {
      const model = sequential([layers.input({ shape: [1] }), ...ending]);
      assign(model.weights[0]!.value, Float32Array.of(0, 100));
      model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
      // From probabilities, which are clipped, it would be 16.118.
      expect((await model.evaluate(x, [0], { verbose: 0 })).loss).toBeCloseTo(100, 4);
      expect(await (await model.predict(x)).array()).toEqual([[0, 1]]);
      model.dispose();
    });
  }
});

describe('a small network', () => {
  it('learns the digits', async () => {
    const { train, test } = await digits();
    const model = sequential(
      [
        layers.input({ shape: [8, 8, 1] }),
        layers.conv2d({ filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' }),
        layers.batchNormalization({ momentum: 0.9 }),
        layers.maxPooling2d(),
        layers.flatten(),
        layers.dense({ units: 10, activation: 'softmax' }),
      ],
      { seed: 1 },
    );
    const optimizer = optimizers.adam({ learningRate: 0.01 });
    model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
    const x = { data: train.x, shape: train.shape };
    await model.fit(x, train.y, { epochs: 4, batchSize: 64, verbose: 0 });
    const result = await model.evaluate({ data: test.x, shape: test.shape }, test.y, {
      verbose: 0,
    });
    expect(result.accuracy).toBeGreaterThan(0.94);
    model.dispose();
  });
});
