import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import { photo } from '../../src/io/datasets/photos.js';
import * as applications from '../../src/models/applications.js';
import type { ZooName } from '../../src/models/zoo.js';
import fixture from '../fixtures/applications/efficientNetLite.json' with { type: 'json' };
import { openGpu } from '../setup.js';
import { numbersOf, picture, setWeights } from './rule.js';

beforeAll(openGpu);
afterAll(shutdown);

describe('EfficientNet-Lite is that of PyTorch', () => {
  for (const [index, { params, logits }] of fixture.networks.entries()) {
    it(`Lite${index}`, async () => {
      const network = await applications[`efficientNetLite${index}` as ZooName]({
        inputShape: [fixture.size, fixture.size, 3],
        classifierActivation: null,
        initialize: false,
      });
      const trained = network.trainableWeights.reduce((sum, { value }) => sum + value.size, 0);
      expect(trained).toBe(params);
      setWeights(network, fixture.gain);
      const y = await network.predict({
        data: picture(fixture.size, [-2, 2]),
        shape: [1, fixture.size, fixture.size, 3],
      });
      const actual = numbersOf(await y.data());
      const worst = Math.max(...actual.map((value, i) => Math.abs(value - logits[i]!)));
      expect(worst / logits[1]!).toBeLessThanOrEqual(1e-4);
      y.dispose();
      network.dispose();
    });
  }
});

/** The middle of the picture of a cat, [1, 224, 224, 3]. */
async function cat(): Promise<{ data: Float32Array; shape: number[] }> {
  const { data, width } = await photo('chelsea');
  const { top, left } = fixture.cat;
  const values = Float32Array.from({ length: 224 * 224 * 3 }, (_, i) => {
    const [row, rest] = [Math.floor(i / 672), i % 672];
    return data[((top + row) * width + left) * 3 + rest]!;
  });
  return { data: values, shape: [1, 224, 224, 3] };
}

describe('EfficientNet-Lite0 with the weights of ImageNet', () => {
  it('sees a cat, with the scores that PyTorch computes', async () => {
    const network = await applications.efficientNetLite0({ weights: 'imagenet' });
    const x = applications.preprocessInput('efficientNetLite0', await cat());
    const y = await network.predict(x);
    const [predictions] = await applications.decodePredictions(y);
    expect(predictions!.map(({ index }) => index)).toEqual(fixture.cat.best.map(([i]) => i));
    for (const [i, { score }] of predictions!.entries()) {
      expect(Math.abs(score - fixture.cat.best[i]![1]!)).toBeLessThanOrEqual(1e-5);
    }
    expect(predictions![0]).toMatchObject({ id: 'n02123159', label: 'tiger_cat' });
    y.dispose();
    network.dispose();
  });

  it('gives the features without the top', async () => {
    const network = await applications.efficientNetLite0({
      ...{ weights: 'imagenet', includeTop: false, pooling: 'avg', inputShape: [96, 64, 3] },
    });
    expect(network.outputShape).toEqual([1280]);
    network.dispose();
  });

  it('refuses weights for another network', async () => {
    const { efficientNetLite0, efficientNetLite1 } = applications;
    const weights = 'imagenet';
    for (const options of [
      { weights, classes: 10 },
      { weights, classifierActivation: 'sigmoid' },
      { weights, inputShape: [64, 64, 1] },
    ] as const) {
      await expect(efficientNetLite0(options)).rejects.toThrow(/are for 3 channels, 1000 classes/);
    }
    await expect(efficientNetLite1({ weights })).rejects.toThrow(
      /efficientNetLite1: there are no weights 'imagenet'/,
    );
  });
});
