import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import { layerFromConfig } from '../../src/nn/deserialize.js';
import * as layers from '../../src/nn/layers/index.js';
import { sequential } from '../../src/nn/sequential.js';
import { assign } from '../../src/nn/update.js';
import { scope } from '../../src/scope.js';
import { tensor } from '../../src/tensor.js';
import keras from '../fixtures/keras-layers.json' with { type: 'json' };
import { openGpu } from '../setup.js';
import { layerOf } from './keras_layer.js';
import { wave } from './wave.js';

beforeAll(openGpu);
afterAll(shutdown);

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const limit = 1e-5 * Math.max(...expected.map(Math.abs));
  expected.forEach((value, i) => expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(limit));
}

describe('normalization that is adapted', () => {
  for (const { config, shape, weights, output } of keras.adapted) {
    it(`has Keras's weights: axis ${JSON.stringify(config.axis)} of ${shape.join(' x ')}`, async () => {
      const layer = layerOf('Normalization', config);
      if (!(layer instanceof layers.layerClasses.Normalization)) throw new Error('another layer');
      const data = { data: wave(shape, 3, 2, 1), shape };
      await layer.adapt(data);
      const x = tensor(data.data, shape);
      const y = scope(() => layer.call(x));
      expectClose(await y.data(), output);
      expect(layer.weights.map(({ name }) => name.split('/')[1])).toEqual(
        weights.map(({ name }) => name),
      );
      expect(layer.weights.every(({ trainable }) => !trainable)).toBe(true);
      for (const [i, { value }] of layer.weights.slice(0, 2).entries()) {
        expect(value.shape).toEqual(weights[i]!.shape);
        expectClose(await value.data(), weights[i]!.values);
      }
      // The same from weights, as files have them.
      const again = layerFromConfig('Normalization', layer.getConfig());
      again.build([shape.slice(1)], undefined);
      again.weights.forEach(({ value }, i) => assign(value, Float32Array.from(weights[i]!.values)));
      const z = scope(() => again.call(x));
      expectClose(await z.data(), output);
      for (const each of [x, y, z]) each.dispose();
      layer.dispose();
      again.dispose();
    });
  }

  it('is part of a model, before or after it is adapted, also to a tensor', async () => {
    const layer = layers.normalization();
    const model = sequential([layers.input({ shape: [2] }), layer]);
    expect(model.countParams()).toBe(5);
    const data = tensor([1, 10, 3, 30], [2, 2]);
    const results = async (): Promise<number[]> => {
      const y = await model.predict(data);
      const values = Array.from(await y.data());
      y.dispose();
      return values;
    };
    expect(await results()).toEqual([1, 10, 3, 30]);
    await layer.adapt(data);
    expect(await results()).toEqual([-1, -1, 1, 1]);
    data.dispose();
    model.dispose();
  });

  it('refuses what it cannot use', async () => {
    const given = layers.normalization({ mean: 1, variance: 2 });
    await expect(given.adapt([1, 2])).rejects.toThrow(/has a mean already/);
    const layer = layers.normalization();
    await expect(layer.adapt({ data: [1, NaN], shape: [2, 1] })).rejects.toThrow(/NaN/);
    await expect(layer.adapt({ data: [], shape: [0, 1] })).rejects.toThrow(/no data/);
    await layer.adapt({ data: [1, 2], shape: [2, 1] });
    await expect(layer.adapt({ data: [1, 2], shape: [1, 2] })).rejects.toThrow(/mean/);
    expect(() => layers.normalization({ mean: 1 })).toThrow(/mean and variance/);
    expect(() => layers.normalization({ mean: [1, 2], variance: 1 })).toThrow(/one shape/);
    layer.dispose();
  });
});
