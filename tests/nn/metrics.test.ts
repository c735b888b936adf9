import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryInfo, shutdown } from '../../src/gpu/init.js';
import { digits } from '../../src/io/datasets/digits.js';
import type { Serialized } from '../../src/nn/config.js';
import type { Layer } from '../../src/nn/layer.js';
import * as layers from '../../src/nn/layers/index.js';
import { accuracy, metricOf, metrics, MetricState } from '../../src/nn/metrics.js';
import { ExactSums } from '../../src/nn/metrics/sums.js';
import { optimizers } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { assign } from '../../src/nn/update.js';
import { scope } from '../../src/scope.js';
import { tensor } from '../../src/tensor.js';
import keras from '../fixtures/keras-training.json' with { type: 'json' };
import { openGpu } from '../setup.js';
import { expectClose, fromKeras, toKeras } from './keras.js';

beforeAll(openGpu);
afterAll(shutdown);

describe("metrics give Keras's values", () => {
  const { weights, data, cases } = keras.metrics;
  for (const { className, config, data: key, name, result, weighted } of cases) {
    it(`${className} ${JSON.stringify(config)} of ${key}`, async () => {
      const metric = metricOf(fromKeras(className, config));
      expect([metric.className, metric.name]).toEqual([className, name]);
      const [plain, counted] = [new MetricState(metric), new MetricState(metric)];
      data[key as keyof typeof data].forEach(({ shape, pred, target, targetShape, sparse }, i) => {
        scope(() => {
          const output = tensor(pred, shape);
          const wanted = tensor(target, targetShape, { dtype: sparse ? 'int32' : 'float32' });
          plain.add(output, wanted);
          counted.add(output, wanted, tensor(weights[i]!));
        });
      });
      expectClose([await plain.read()], [result], 'without weights');
      expectClose([await counted.read()], [weighted], 'with weights');
      plain.dispose();
      counted.dispose();
      expect(toKeras(metric.getConfig())).toMatchObject(config);
      const copy = JSON.parse(JSON.stringify(metric.getConfig())) as Serialized;
      expect(metricOf(copy).getConfig()).toEqual(metric.getConfig());
    });
  }
});

describe('a metric', () => {
  it('begins again after reset, and frees what it holds', async () => {
    const before = memoryInfo().liveStorages;
    const state = new MetricState(metrics.meanSquaredError());
    expect(await state.read()).toBe(0);
    scope(() => state.add(tensor([[1], [3]]), tensor([[0], [0]])));
    expect(await state.read()).toBe(5);
    state.reset();
    scope(() => state.add(tensor([[2]]), tensor([[0]])));
    expect(await state.read()).toBe(4);
    state.dispose();
    expect(memoryInfo().liveStorages).toBe(before);
  });

  it('has several spellings', () => {
    const spelled = [
      'topKCategoricalAccuracy',
      'top_k_categorical_accuracy',
      'TopKCategoricalAccuracy',
    ];
    for (const name of spelled) {
      expect(metricOf(name as 'auc').className).toBe('TopKCategoricalAccuracy');
    }
    expect(metricOf('accuracy').name).toBe('accuracy');
    expect(metricOf('acc').name).toBe('acc');
    expect(metricOf('mse').getConfig()).toEqual({
      className: 'MeanSquaredError',
      config: { name: 'mse' },
    });
    expect(metricOf({ className: 'MeanIoU', config: { numClasses: 3 } }).name).toBe('mean_io_u');
    expect(metrics.precision({ name: 'p' }).name).toBe('p');
  });

  it('refuses senseless options', () => {
    expect(() => metricOf('f1' as 'auc')).toThrow(/metric 'f1' is unknown; allowed are 'accuracy'/);
    expect(() => metricOf('meanIoU')).toThrow(/MeanIoU: numClasses must be given/);
    expect(() => metrics.precision({ thresholds: [0.1, 0.2] })).toThrow(
      /Precision: needs one threshold, got \[0.1,0.2\]/,
    );
    expect(() => metrics.recall({ topK: 0 })).toThrow(/topK must be an integer of at least 1/);
    expect(() => metrics.auc({ thresholds: [2] })).toThrow(/must be numbers from 0 to 1/);
    expect(() => metrics.auc({ curve: 'roc' as 'ROC' })).toThrow(/allowed are 'ROC', 'PR'/);
    expect(() => metricOf({ className: 'AUC', config: { multiLabel: true } })).toThrow(
      /AUC: unknown options 'multiLabel'/,
    );
  });

  it('refuses targets and weights that do not fit', () => {
    const output = tensor([[0.2, 0.8]]);
    const numbers = tensor(Int32Array.of(1));
    expect(() => metrics.precision().update(output, numbers)).toThrow(
      /precision: targets must be float32 \[1, 2\], got int32 \[1\]/,
    );
    expect(() => metrics.sparseCategoricalAccuracy().update(output, output)).toThrow(
      /targets must be class numbers, int32 \[1\], got float32 \[1, 2\]/,
    );
    expect(() => metrics.accuracy().update(output, numbers, tensor([1, 2]))).toThrow(
      /accuracy: 1 samples need weights of shape \[1\], got \[2\]/,
    );
    expect(() => metrics.recall({ classId: 2 }).update(output, output)).toThrow(
      /recall: there is no class 2 in results \[1, 2\]/,
    );
  });

  it('counts many elements in several segments', async () => {
    const n = 100_000;
    const scores = Float32Array.from({ length: n }, (_, i) => ((i * 7919) % 1000) / 1000);
    const yes = Float32Array.from({ length: n }, (_, i) => ((i * 104729) % 3) % 2);
    let [right, positives] = [0, 0];
    scores.forEach((score, i) => {
      positives += Number(score > Math.fround(0.7));
      right += Number(score > Math.fround(0.7) && yes[i] === 1);
    });
    const precision = new MetricState(metrics.precision({ thresholds: 0.7 }));
    const auc = new MetricState(metrics.auc());
    scope(() => {
      precision.add(tensor(scores, [n, 1]), tensor(yes, [n, 1]));
      auc.add(
        tensor(scores, [n, 1]),
        tensor(
          scores.map((score) => Number(score > 0.4)),
          [n, 1],
        ),
      );
    });
    expect(await precision.read()).toBe(right / positives);
    expect(await auc.read()).toBeCloseTo(1, 4);
  });
});

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
    expect(await right.array()).toEqual([
      [
        [1, 1],
        [0, 1],
      ],
    ]);
  });

  it('among the k largest takes equal scores for equal, and NaN for none', async () => {
    const metric = metrics.sparseTopKCategoricalAccuracy({ k: 2 });
    const scores = tensor([
      [5, 4, 4, 1],
      [5, 4, 4, 1],
      [NaN, NaN, NaN, NaN],
    ]);
    const [right] = metric.update(scores, tensor(Int32Array.of(2, 3, 0)));
    expect(await right!.item()).toBe(1);
  });
});

describe('exact sums', () => {
  const sum = async (terms: readonly number[]): Promise<number> => {
    const sums = new ExactSums([[]]);
    scope(() => terms.forEach((term) => sums.add(0, tensor(term))));
    const [[total]] = (await sums.read()) as [Float64Array];
    sums.dispose();
    return total!;
  };

  it('lose nothing', async () => {
    expect(await sum([2 ** 80, 1, -(2 ** 80)])).toBe(1);
    expect(await sum([0.1, 0.2])).toBe(Math.fround(0.1) + Math.fround(0.2));
    expect(await sum([-3.5, 1.25])).toBe(-2.25);
    expect(await sum([-(2 ** -64), 2 ** -40])).toBe(2 ** -40 - 2 ** -64);
    expect(await sum([-0, 0])).toBe(0);
    expect(await sum([1e28, -1e-10])).toBe(Math.fround(1e28));
  });

  it('of every exponent and sign are right', async () => {
    const terms = Array.from({ length: 120 }, (_, i) => {
      return Math.fround((i % 3 === 0 ? -1.37 : 1.73) * 2 ** (i - 35));
    });
    const exact = terms.map((term) => BigInt(term * 2 ** 64)).reduce((a, b) => a + b);
    expect(await sum(terms)).toBe(Number(exact) / 2 ** 64);
  });

  it('do not hide what is not a number', async () => {
    expect(await sum([1, NaN])).toBeNaN();
    expect(await sum([Infinity, 1])).toBeNaN();
    expect(await sum([1e38])).toBeNaN();
  });

  it('are as good after 10,000 batches as after one', async () => {
    const metric = new MetricState(metrics.meanAbsoluteError());
    const [one, zero] = [tensor([[1 / 3]]), tensor([[0]])];
    for (let i = 0; i < 10_000; i++) metric.add(one, zero);
    expect(await metric.read()).toBe(Math.fround(1 / 3));
    metric.dispose();
    const counts = new ExactSums([[]]);
    const million = tensor(2 ** 24);
    for (let i = 0; i < 5; i++) scope(() => counts.add(0, million));
    scope(() => counts.add(0, tensor(1)));
    expect(await counts.read()).toEqual([Float64Array.of(5 * 2 ** 24 + 1)]);
    counts.dispose();
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
