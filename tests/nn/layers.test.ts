import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FoveaError } from '../../src/errors.js';
import { shutdown } from '../../src/gpu/init.js';
import { cifar10Net } from '../../src/models/cifar10.js';
import type { Layer, LayerConfig } from '../../src/nn/layer.js';
import { snakeCase } from '../../src/nn/layer.js';
import * as layers from '../../src/nn/layers/index.js';
import { layerFromConfig } from '../../src/nn/deserialize.js';
import { sequential } from '../../src/nn/sequential.js';
import { assign } from '../../src/nn/update.js';
import { tensor } from '../../src/tensor.js';
import keras from '../fixtures/keras-numerics.json' with { type: 'json' };
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

interface Fixture {
  readonly x_shape: number[];
  readonly x: number[];
  readonly weights: readonly { readonly name: string; readonly v: number[] }[];
  readonly y_shape: number[];
  readonly y: number[];
}

function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-5,
): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const allowed = tolerance * Math.max(1, Math.abs(expected[i]!));
    expect(Math.abs(actual[i]! - expected[i]!), `value ${i}`).toBeLessThanOrEqual(allowed);
  }
}

async function run(layer: Layer, x: readonly number[], shape: readonly number[], training = false) {
  const y = layer.call(tensor(x, shape), { training, seed: () => 7 });
  expect(y.shape.slice(1)).toEqual(layer.computeOutputShape(shape.slice(1)));
  return { shape: y.shape, values: await y.data() };
}

describe("layers give Keras's numbers", () => {
  const cases: readonly [keyof typeof keras.layers, Layer][] = [
    [
      'Conv2D 2 filters 3x3 strides 2 same',
      layers.conv2d({ filters: 2, kernelSize: 3, strides: 2, padding: 'same' }),
    ],
    [
      'Conv2D 2 filters 3x3 dilation 2 same',
      layers.conv2d({ filters: 2, kernelSize: 3, dilationRate: 2, padding: 'same' }),
    ],
    [
      'DepthwiseConv2D 3x3 depth_multiplier 2 valid',
      layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }),
    ],
    [
      'SeparableConv2D 3 filters 3x3 same',
      layers.separableConv2d({ filters: 3, kernelSize: 3, padding: 'same' }),
    ],
    ['Dense 3', layers.dense({ units: 3 })],
  ];
  for (const [name, layer] of cases) {
    it(name, async () => {
      const fixture: Fixture = keras.layers[name];
      layer.build([fixture.x_shape.slice(1)], () => 1);
      expect(layer.weights.map((weight) => weight.name.split('/')[1])).toEqual(
        fixture.weights.map((weight) => weight.name),
      );
      layer.weights.forEach(({ value }, i) => {
        assign(value, Float32Array.from(fixture.weights[i]!.v));
      });
      const y = await run(layer, fixture.x, fixture.x_shape);
      expect(y.shape).toEqual(fixture.y_shape);
      expectClose(y.values, fixture.y);
    });
  }
});

describe('shapes and parameters', () => {
  it('follows the shape puzzle', async () => {
    const model = sequential([
      layers.conv2d({ filters: 64, kernelSize: 5, padding: 'valid' }),
      layers.conv2d({ filters: 32, kernelSize: 3, padding: 'same' }),
      layers.maxPooling2d({ poolSize: 2 }),
    ]);
    const y = await model.predict({
      data: new Float32Array(2 * 15 * 15 * 3),
      shape: [2, 15, 15, 3],
    });
    expect(y.shape).toEqual([2, 5, 5, 32]);
    expect(model.outputShape).toEqual([5, 5, 32]);
  });

  it('counts parameters', () => {
    const count = (filters: number): number =>
      sequential([
        layers.input({ shape: [8, 8, 3] }),
        layers.conv2d({ filters, kernelSize: 3 }),
      ]).countParams();
    expect(count(1)).toBe(28);
    expect(count(2)).toBe(56);
    expect(cifar10Net().countParams()).toBe(669_354);
    expect(cifar10Net({ dropout: false }).layers).toHaveLength(12);
  });

  it('groups, pads and pools', () => {
    const conv = layers.conv2d({ filters: 6, kernelSize: [3, 1], groups: 2, useBias: false });
    conv.build([[9, 9, 4]], () => 1);
    expect(conv.weights.map(({ value }) => value.shape)).toEqual([[3, 1, 2, 6]]);
    expect(
      layers
        .zeroPadding2d({
          padding: [
            [1, 2],
            [3, 4],
          ],
        })
        .computeOutputShape([5, 5, 2]),
    ).toEqual([8, 12, 2]);
    expect(layers.zeroPadding2d({ padding: [1, 2] }).computeOutputShape([5, 5, 2])).toEqual([
      7, 9, 2,
    ]);
    expect(layers.averagePooling2d({ padding: 'same' }).computeOutputShape([5, 5, 2])).toEqual([
      3, 3, 2,
    ]);
    expect(layers.maxPooling2d({ poolSize: 3, strides: 2 }).computeOutputShape([9, 9, 2])).toEqual([
      4, 4, 2,
    ]);
    expect(layers.globalMaxPooling2d({ keepDims: true }).computeOutputShape([5, 5, 2])).toEqual([
      1, 1, 2,
    ]);
  });
});

describe('layers without weights', () => {
  it('computes each', async () => {
    const x = [1, -2, 3, 4, 5, 6, -7, 8];
    const shape = [1, 2, 2, 2];
    expect((await run(layers.globalAveragePooling2d(), x, shape)).values).toEqual(
      new Float32Array([0.5, 4]),
    );
    expect((await run(layers.globalMaxPooling2d(), x, shape)).values).toEqual(
      new Float32Array([5, 8]),
    );
    expect((await run(layers.maxPooling2d(), x, shape)).values).toEqual(new Float32Array([5, 8]));
    expect((await run(layers.averagePooling2d(), x, shape)).values).toEqual(
      new Float32Array([0.5, 4]),
    );
    expect((await run(layers.flatten(), x, shape)).shape).toEqual([1, 8]);
    const relu = await run(layers.activation({ activation: 'relu' }), x, shape);
    expect(relu.values).toEqual(new Float32Array([1, 0, 3, 4, 5, 6, 0, 8]));
    const padded = await run(
      layers.zeroPadding2d({
        padding: [
          [1, 0],
          [0, 0],
        ],
      }),
      x,
      shape,
    );
    expect(padded.values).toEqual(new Float32Array([0, 0, 0, 0, ...x]));
  });

  it('drops only in training, and scales what stays', async () => {
    const layer = layers.dropout({ rate: 0.25 });
    const x = new Array<number>(4000).fill(3);
    expect((await run(layer, x, [4, 1000])).values).toEqual(new Float32Array(4000).fill(3));
    const { values } = await run(layer, x, [4, 1000], true);
    const kept = values.filter((value) => value !== 0);
    expect(new Set(kept)).toEqual(new Set([4]));
    expect(Math.abs(kept.length / 4000 - 0.75)).toBeLessThan(0.03);
  });

  it('applies softmax at the end of dense, over the last dimension', async () => {
    const layer = layers.dense({ units: 3, activation: 'softmax' });
    layer.build([[2, 4]], () => 5);
    const { values } = await run(
      layer,
      Array.from({ length: 24 }, (_, i) => i / 7),
      [3, 2, 4],
    );
    for (let row = 0; row < 6; row++) {
      const sum = values[3 * row]! + values[3 * row + 1]! + values[3 * row + 2]!;
      expect(Math.abs(sum - 1)).toBeLessThan(1e-6);
    }
  });
});

describe('batch normalization', () => {
  it('uses the batch in training, moves the averages, and uses them in inference', async () => {
    const layer = layers.batchNormalization({ momentum: 0.9 });
    layer.build([[2]], () => 1);
    const x = [1, 10, 3, 20, 5, 30, 7, 60];
    const { values } = await run(layer, x, [4, 2], true);
    const mean = [4, 30];
    const variance = [5, 350];
    expectClose(
      values,
      x.map((value, i) => (value - mean[i % 2]!) / Math.sqrt(variance[i % 2]! + 1e-3)),
    );
    const [, , movingMean, movingVariance] = layer.weights;
    const moved = [mean.map((m) => 0.1 * m), variance.map((v) => 0.9 + 0.1 * v)] as const;
    expectClose(await movingMean!.value.data(), moved[0]);
    expectClose(await movingVariance!.value.data(), moved[1]);
    const inference = x.map(
      (value, i) => (value - moved[0][i % 2]!) / Math.sqrt(moved[1][i % 2]! + 1e-3),
    );
    expectClose((await run(layer, x, [4, 2])).values, inference);
    expect(layer.weights.map(({ name, trainable }) => [name, trainable])).toEqual([
      ['batch_normalization/gamma', true],
      ['batch_normalization/beta', true],
      ['batch_normalization/moving_mean', false],
      ['batch_normalization/moving_variance', false],
    ]);
    // Frozen: inference also in training, and nothing moves.
    layer.trainable = false;
    expectClose((await run(layer, x, [4, 2], true)).values, inference);
    expectClose(await movingMean!.value.data(), moved[0]);
    expect(layer.weights.every(({ trainable, value }) => !trainable && !value.requiresGrad)).toBe(
      true,
    );
  });

  it('works without factor and offset', async () => {
    const layer = layers.batchNormalization({ center: false, scale: false });
    layer.build([[1]], () => 1);
    expect(layer.weights).toHaveLength(2);
    expectClose((await run(layer, [1, 3], [2, 1], true)).values, [-0.99950037, 0.99950037]);
  });
});

describe('names and configurations', () => {
  it("names layers by Keras's rule", () => {
    expect(snakeCase('MaxPooling2D')).toBe('max_pooling2d');
    expect(snakeCase('GlobalAveragePooling2D')).toBe('global_average_pooling2d');
    expect(snakeCase('DepthwiseConv2D')).toBe('depthwise_conv2d');
    const model = sequential([
      layers.flatten(),
      layers.dense({ units: 2, name: 'dense' }),
      layers.dense({ units: 2 }),
      layers.dense({ units: 2 }),
    ]);
    expect(model.layers.map(({ name }) => name)).toEqual([
      'flatten',
      'dense',
      'dense_1',
      'dense_2',
    ]);
    expect(model.getLayer('dense_1')).toBe(model.getLayer(2));
    expect(() => model.getLayer('dense_9')).toThrow(/there is no layer "dense_9"[^]*dense_2/);
  });

  it('makes every layer again from its configuration', () => {
    const all: Layer[] = [
      layers.input({ shape: [8, 8, 3] }),
      layers.conv2d({ filters: 2, kernelSize: [3, 5], padding: 'same', activation: 'swish' }),
      layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, trainable: false }),
      layers.separableConv2d({ filters: 2, kernelSize: 3 }),
      layers.dense({ units: 3, kernelInitializer: 'heNormal' }),
      layers.activation({ activation: 'tanh' }),
      layers.dropout({ rate: 0.5 }),
      layers.flatten({ name: 'flat' }),
      layers.maxPooling2d({ poolSize: [2, 3] }),
      layers.averagePooling2d(),
      layers.globalAveragePooling2d(),
      layers.globalMaxPooling2d({ keepDims: true }),
      layers.batchNormalization({ epsilon: 0.1 }),
      layers.zeroPadding2d({ padding: 2 }),
    ];
    for (const layer of all) {
      const config = JSON.parse(JSON.stringify(layer.getConfig())) as LayerConfig;
      const again = layerFromConfig(layer.className, config);
      expect(again.getConfig()).toEqual(layer.getConfig());
      expect(again.constructor).toBe(layer.constructor);
    }
    expect(() => layerFromConfig('LSTM', {})).toThrow(/no layer class 'LSTM'/);
  });
});

describe('mistakes', () => {
  const cases: readonly [string, () => unknown, RegExp][] = [
    [
      'padding',
      () => layers.conv2d({ filters: 1, kernelSize: 3, padding: 'full' as 'same' }),
      /padding 'full' is unknown; allowed are 'same', 'valid'/,
    ],
    [
      'activation',
      () => layers.dense({ units: 1, activation: 'glu' as 'relu' }),
      /activation 'glu' is unknown; allowed are 'linear', 'relu'/,
    ],
    [
      'initializer',
      () => layers.dense({ units: 1, kernelInitializer: 'random' as 'zeros' }),
      /initializer 'random' is unknown; allowed are 'glorotUniform'/,
    ],
    [
      'units',
      () => layers.dense({ units: 1.5 }),
      /units must be an integer of at least 1, got 1.5/,
    ],
    ['filters', () => layers.conv2d({ filters: 0, kernelSize: 3 }), /filters must be an integer/],
    [
      'kernelSize',
      () => layers.conv2d({ filters: 1, kernelSize: 0 }),
      /kernelSize must be positive integers/,
    ],
    [
      'groups',
      () => layers.conv2d({ filters: 3, kernelSize: 1, groups: 2 }),
      /3 filters cannot be cut into 2 groups/,
    ],
    ['rate', () => layers.dropout({ rate: 1 }), /rate must be at least 0 and less than 1, got 1/],
    [
      'momentum',
      () => layers.batchNormalization({ momentum: 2 }),
      /momentum must be at least 0 and at most 1, got 2/,
    ],
    ['padding sizes', () => layers.zeroPadding2d({ padding: -1 }), /padding must be a number/],
    [
      'sample rank',
      () => layers.conv2d({ filters: 1, kernelSize: 3 }).computeOutputShape([8, 8]),
      /conv2d: needs samples of shape \(height, width, channels\), got \[8, 8\]/,
    ],
    [
      'window',
      () => layers.maxPooling2d({ poolSize: 9 }).computeOutputShape([8, 8, 1]),
      /max_pooling2d: a window of 9 does not fit into 8/,
    ],
    [
      'call before build',
      () => layers.dense({ units: 1 }).call(tensor([[1]])),
      /dense: the layer is not built/,
    ],
    ['empty model', () => sequential([]), /needs at least one layer/],
    [
      'names',
      () => sequential([layers.flatten({ name: 'a' }), layers.flatten({ name: 'a' })]),
      /two layers have the name 'a'/,
    ],
    [
      'input inside',
      () => sequential([layers.flatten(), layers.input({ shape: [1] })]),
      /can only come first/,
    ],
    [
      'chain',
      () =>
        sequential([
          layers.input({ shape: [4, 4, 1] }),
          layers.conv2d({ filters: 1, kernelSize: 5 }),
        ]),
      /conv2d: a window of 5 does not fit/,
    ],
    [
      'shapes before build',
      () => sequential([layers.flatten()]).outputShape,
      /the model is not built/,
    ],
  ];
  for (const [name, make, message] of cases) {
    it(name, () => {
      expect(make).toThrow(FoveaError);
      expect(make).toThrow(message);
    });
  }
});
