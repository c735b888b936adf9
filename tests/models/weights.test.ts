/** Weights from files and from the cache. */
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import { writeHdf5, type Hdf5Tree } from '../../src/io/formats/hdf5_write.js';
import { saveModel } from '../../src/io/model.js';
import * as applications from '../../src/models/applications.js';
import type { Model } from '../../src/nn/model.js';
import { tensor } from '../../src/tensor.js';
import { honest, md5, startLiar } from '../io/liar.js';
import { openGpu } from '../setup.js';

let folder: string;
beforeAll(openGpu);
afterAll(shutdown);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-weights-'));
  vi.stubEnv('FOVEA_CACHE', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const small = { inputShape: [32, 32, 3] };

/** The values of all weights. */
async function valuesOf(model: Model): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const { name, value } of model.weights) {
    values.set(name, new Float32Array((await value.data()) as Float32Array));
  }
  return values;
}

/** The file that Keras 2 writes for the weights of a model. */
async function legacyFile(
  model: Model,
  nameOf: (layer: string) => string = (layer) => layer,
): Promise<Uint8Array> {
  const values = await valuesOf(model);
  const groups = new Map<string, Hdf5Tree>();
  for (const { name, weights } of model.layers) {
    const arrays = weights.map((weight) => {
      const { shape } = weight.value;
      const role = weight.name.slice(weight.name.lastIndexOf('/') + 1);
      const data = values.get(weight.name)!;
      return [`${nameOf(name)}/${role}:0`, { dtype: 'float32' as const, shape, data }] as const;
    });
    const names = arrays.map(([path]) => path);
    const attributes = { weight_names: names };
    groups.set(nameOf(name), { attributes, arrays: new Map(arrays) });
  }
  return writeHdf5({ attributes: { layer_names: [...groups.keys()] }, groups });
}

/** An md5 for each array: comparing millions of numbers one by one takes minutes. */
function digests(values: ReadonlyMap<string, Float32Array>): Map<string, string> {
  return new Map(
    [...values].map(([name, { buffer, byteOffset, byteLength }]) => [
      name,
      md5(new Uint8Array(buffer, byteOffset, byteLength)),
    ]),
  );
}

async function digestsOf(model: Model): Promise<Map<string, string>> {
  return digests(await valuesOf(model));
}

describe('weights from a file', () => {
  it.each(['.weights.h5', '.keras', '.safetensors', '.npz', '.h5'])('%s', async (ending) => {
    const path = join(folder, `network${ending}`);
    const original = await applications.mobileNetV2({ ...small, seed: 7 });
    if (ending === '.h5') await writeFile(path, await legacyFile(original));
    else await saveModel(original, path);
    const expected = await digestsOf(original);
    const loaded = await applications.mobileNetV2({ ...small, weights: path });
    expect(await digestsOf(loaded)).toEqual(expected);
    const options = { ...small, includeTop: false, weights: path } as const;
    const withoutTop = await applications.mobileNetV2(options);
    const part = [...(await digestsOf(withoutTop)).keys()];
    expect(await digestsOf(withoutTop)).toEqual(
      new Map(part.map((name) => [name, expected.get(name)])),
    );
    for (const model of [original, loaded, withoutTop]) model.dispose();
  });

  it('that fits another network is refused, and leaves nothing', async () => {
    const path = join(folder, 'network.safetensors');
    const original = await applications.mobileNetV2(small);
    await saveModel(original, path);
    original.dispose();
    await expect(applications.resNet50({ ...small, weights: path })).rejects.toThrow(
      /network.safetensors: expected a tensor "conv1_conv\/kernel"/,
    );
    await expect(applications.vgg16({ weights: join(folder, 'none.h5') })).rejects.toMatchObject({
      code: 'FILE',
    });
  });

  it('of the older ResNet-50 goes to the layers of the present one', async () => {
    const path = join(folder, 'resnet50.h5');
    const original = await applications.resNet50({ ...small, seed: 3 });
    await writeFile(path, await legacyFile(original, olderName));
    const expected = await valuesOf(original);
    const loaded = await applications.resNet50({ ...small, weights: path });
    // The older network had a larger epsilon.
    for (const [name, values] of expected) {
      if (!name.endsWith('/moving_variance')) continue;
      expected.set(
        name,
        values.map((value) => value + (1e-3 - 1.001e-5)),
      );
    }
    expect(await digestsOf(loaded)).toEqual(digests(expected));
    original.dispose();
    loaded.dispose();
  });
});

const OLDER: Readonly<Record<string, string>> = {
  ...{ conv1_conv: 'conv1', conv1_bn: 'bn_conv1', predictions: 'fc1000' },
};

function olderName(layer: string): string {
  const found = /^conv(\d)_block(\d)_(\d)_(conv|bn)$/.exec(layer);
  if (!found) return OLDER[layer] ?? layer;
  const [, stage, block, index, kind] = found;
  const branch = ['1', '2a', '2b', '2c'][Number(index)]!;
  return `${kind === 'conv' ? 'res' : 'bn'}${stage!}${'abcdef'[Number(block) - 1]!}_branch${branch}`;
}

describe("weights: 'imagenet'", () => {
  it('are downloaded once, rewritten, and then read from the cache', async () => {
    const original = await applications.mobileNetV2({ ...small, seed: 5 });
    const expected = await digestsOf(original);
    const server = await startLiar();
    server.answer = honest(await legacyFile(original));
    vi.stubEnv('FOVEA_MIRROR', server.url);
    const seen: number[] = [];
    const first = await applications.mobileNetV2({
      ...small,
      weights: 'imagenet',
      onProgress: ({ done }) => seen.push(done),
    });
    await server.close();
    expect(await digestsOf(first)).toEqual(expected);
    expect(seen.length).toBeGreaterThan(0);
    expect(await readdir(join(folder, 'models'))).toEqual(['mobilenetv2.safetensors']);
    const { size } = await stat(join(folder, 'models/mobilenetv2.safetensors'));
    expect(size).toBeGreaterThan(4 * original.countParams());
    const second = await applications.mobileNetV2({ ...small, weights: 'imagenet' });
    expect(await digestsOf(second)).toEqual(expected);
    for (const model of [original, first, second]) model.dispose();
  });

  it('are rewritten by one of those who load them at the same time', async () => {
    const original = await applications.mobileNetV2({ ...small, seed: 6 });
    const expected = await digestsOf(original);
    await mkdir(join(folder, 'models'));
    await writeFile(join(folder, 'models/mobilenetv2.h5'), await legacyFile(original));
    const options = { ...small, weights: 'imagenet' };
    const both = await Promise.all([1, 2].map(() => applications.mobileNetV2(options)));
    for (const model of both) expect(await digestsOf(model)).toEqual(expected);
    expect(await readdir(join(folder, 'models'))).toEqual(['mobilenetv2.safetensors']);
    for (const model of [original, ...both]) model.dispose();
  });

  it('of EfficientNet are for pictures that are scaled once more', async () => {
    vi.stubEnv('FOVEA_OFFLINE', '1');
    await expect(applications.efficientNetB0({ weights: 'imagenet' })).rejects.toMatchObject({
      code: 'NETWORK',
    });
    const plain = await applications.efficientNetB0({ ...small, seed: 1 });
    const path = join(folder, 'models', 'efficientnetb0.safetensors');
    await saveModel(plain, path);
    const trained = await applications.efficientNetB0({ ...small, weights: 'imagenet' });
    const names = trained.layers.slice(1, 4).map(({ name }) => name);
    expect(names).toEqual(['rescaling', 'normalization', 'rescaling_1']);
    const x = { data: new Float32Array(32 * 32 * 3).fill(100), shape: [1, 32, 32, 3] };
    const [before, after] = [
      await scaled(plain, x, names[1]!),
      await scaled(trained, x, names[2]!),
    ];
    for (const [c, std] of [0.229, 0.224, 0.225].entries()) {
      expect(after[c]! / before[c]!).toBeCloseTo(1 / Math.sqrt(std), 5);
    }
    plain.dispose();
    trained.dispose();
  });

  it('are not there for every network', async () => {
    await expect(applications.efficientNetLite1({ weights: 'imagenet' })).rejects.toThrow(
      /efficientNetLite1: there are no weights 'imagenet'[^]*path of a file/,
    );
    await expect(applications.vgg16({ weights: 'imagenet', classes: 10 })).rejects.toThrow(
      /1000 classes/,
    );
  });
});

/** What a layer gives for the first pixel. */
async function scaled(
  model: Model,
  { data, shape }: { data: Float32Array; shape: number[] },
  layer: string,
): Promise<number[]> {
  const x = tensor(data, shape);
  const y = model.outputsOf(x, layer);
  const values = Array.from((await y.data()) as Float32Array).slice(0, 3);
  x.dispose();
  y.dispose();
  return values;
}
