import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryInfo, shutdown } from '../../src/gpu/init.js';
import * as applications from '../../src/models/applications.js';
import { Dataset } from '../../src/nn/dataset.js';
import type { Functional } from '../../src/nn/functional.js';
import { noGrad } from '../../src/autograd.js';
import { scope } from '../../src/scope.js';
import { tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

const shape = [32, 32, 3] as const;
const pixels = (seed: number): Uint8Array =>
  Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => ((i + 1) * (seed + 3) * 2654435761) >>> 24);

function batches(classes: number): Dataset<{
  x: { data: Uint8Array; shape: readonly number[] };
  y: { data: Int32Array; shape: readonly number[] };
}> {
  const rows = new Dataset(8, (i) => ({
    x: { data: pixels(i), shape: [...shape] },
    y: i % classes,
  }));
  return rows.batch(4) as ReturnType<typeof batches>;
}

async function base(name: 'mobileNetV2' | 'vgg16'): Promise<Functional> {
  const options = { includeTop: false, pooling: 'avg', inputShape: shape, seed: 1 } as const;
  return applications[name](options);
}

async function valuesOf(model: Functional): Promise<Map<string, number[]>> {
  const entries = model.weights.map(
    async ({ name, value }) => [name, Array.from(await value.data())] as const,
  );
  return new Map(await Promise.all(entries));
}

/** Names of the weights that differ. */
function moved(before: Map<string, number[]>, after: Map<string, number[]>): string[] {
  return [...before.keys()].filter((name) =>
    before.get(name)!.some((value, i) => !Object.is(value, after.get(name)![i])),
  );
}

describe('imageClassifier', () => {
  it.each(['vgg16', 'mobileNetV2'] as const)('gives %s what it expects', async (name) => {
    const features = await base(name);
    const model = applications.imageClassifier(features, { classes: 3, seed: 2, dropout: 0 });
    const picture = { data: pixels(0), shape: [1, ...shape] };
    const expected = scope(() => {
      const { data, shape: size } = applications.preprocessInput(name, picture);
      const rows = noGrad(() => features.call(tensor(data, size)));
      return noGrad(() => model.getLayer('classifier').call(rows));
    });
    const got = await model.predict({
      data: Float32Array.from(picture.data),
      shape: picture.shape,
    });
    const [a, b] = [await got.data(), await expected.data()];
    a.forEach((value, i) => expect(value).toBeCloseTo(b[i]!, 5));
    for (const each of [got, expected, model]) each.dispose();
    expect(memoryInfo().liveStorages).toBe(0);
  });

  it('begins near the loss of guessing', async () => {
    const features = await base('mobileNetV2');
    const model = applications.imageClassifier(features, { classes: 43, seed: 2 });
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    const { loss } = await model.evaluate(batches(43), { verbose: 0 });
    expect(Math.abs(loss - Math.log(43))).toBeLessThan(0.15);
    model.dispose();
  });

  it('refuses a base that ends in maps', async () => {
    const maps = await applications.mobileNetV2({ includeTop: false, inputShape: shape });
    expect(() => applications.imageClassifier(maps, { classes: 3 })).toThrow(
      'imageClassifier: mobilenetv2_1.00_32 ends in maps of (1, 1, 1280)',
    );
    maps.dispose();
  });
});

describe('fineTune', () => {
  it('moves exactly the layers of each stage', async () => {
    const features = await base('mobileNetV2');
    const before = await valuesOf(features);
    const lines: string[] = [];
    const common = {
      classes: 4,
      seed: 5,
      verbose: 0,
      train: batches(4),
      print: (line: string) => void lines.push(line),
    } as const;
    const first = await applications.fineTune(features, {
      ...common,
      stages: [{ epochs: 1, learningRate: 1e-2 }],
    });
    expect(moved(before, await valuesOf(features))).toEqual([]);
    expect(lines).toEqual([
      'stage 1 of 1: the classifier, 5,124 of 2,263,108 parameters; 1 epochs at learning rate 0.01',
    ]);
    applications.freezeLayers(features, features.layers.length - 3);
    first.model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    await first.model.fit(batches(4), { epochs: 1, verbose: 0 });
    // The last four layers are Conv_1, Conv_1_bn, out_relu and the pooling: of three, none has weights
    // but the normalization, which stays frozen.
    expect(moved(before, await valuesOf(features))).toEqual([]);
    applications.freezeLayers(features, features.layers.length - 4);
    await first.model.fit(batches(4), { epochs: 1, verbose: 0 });
    expect(moved(before, await valuesOf(features))).toEqual(['Conv_1/kernel']);
    first.model.dispose();
  });

  it('refuses more layers than there are', async () => {
    const features = await base('mobileNetV2');
    expect(() => applications.freezeLayers(features, 999)).toThrow('999 cannot be frozen');
    features.dispose();
  });
});
