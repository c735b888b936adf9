import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FoveaError } from '../../src/errors.js';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { loadModel, saveModel } from '../../src/io/model.js';
import { readSafetensors, writeSafetensors } from '../../src/io/formats/safetensors.js';
import * as layers from '../../src/nn/layers/index.js';
import { losses } from '../../src/nn/losses.js';
import { optimizers, type Optimizer } from '../../src/nn/optimizers.js';
import { sequential, type Sequential } from '../../src/nn/sequential.js';
import { openGpu } from '../setup.js';

let root: string;

beforeAll(async () => {
  await openGpu();
  root = await mkdtemp(join(tmpdir(), 'fovea-model-'));
});
afterAll(async () => {
  shutdown();
  await rm(root, { recursive: true });
});

const x = {
  data: Float32Array.from({ length: 12 * 36 }, (_, i) => Math.sin(i * i)),
  shape: [12, 6, 6, 1],
};
const y = Int32Array.from({ length: 12 }, (_, i) => (i * 5) % 3);
const quiet = { verbose: 0, batchSize: 5 } as const;

function net(optimizer: Optimizer): Sequential {
  const model = sequential(
    [
      layers.input({ shape: [6, 6, 1] }),
      layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }),
      layers.batchNormalization(),
      layers.flatten(),
      layers.dropout({ rate: 0.5 }),
      layers.dense({ units: 3, activation: 'softmax', name: 'out', kernelInitializer: 'heNormal' }),
    ],
    { name: 'small', seed: 21 },
  );
  model.compile({
    optimizer,
    loss: losses.sparseCategoricalCrossentropy({ labelSmoothing: 0.1 }),
    metrics: ['accuracy'],
  });
  return model;
}

async function weightsOf(model: Sequential): Promise<unknown[]> {
  return Promise.all(model.weights.map(async ({ name, value }) => [name, await value.data()]));
}

async function saved(name: string): Promise<string> {
  const folder = join(root, name);
  const model = net(optimizers.adam());
  await model.fit(x, y, quiet);
  await saveModel(model, folder);
  model.dispose();
  return folder;
}

async function failure(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FoveaError);
  expect((error as FoveaError).code).toBe('FILE');
  return (error as FoveaError).message;
}

describe('a model that is saved and loaded', () => {
  for (const [name, make] of [
    ['sgd', () => optimizers.sgd({ momentum: 0.9, nesterov: true })],
    ['rmsprop', () => optimizers.rmsprop({ centered: true, momentum: 0.5 })],
    ['adamw', () => optimizers.adamw({ learningRate: 0.01 })],
  ] as const) {
    it(`predicts and continues to the bit: ${name}`, async () => {
      const model = net(make());
      await model.fit(x, y, { epochs: 2, ...quiet });
      const folder = join(root, 'deep', name);
      await saveModel(model, folder);
      const loaded = await loadModel(folder);
      expect(loaded.name).toBe('small');
      expect(loaded.getConfig()).toEqual(model.getConfig());
      expect(loaded.compiled!.optimizer.iterations).toBe(6);
      expect(await weightsOf(loaded)).toEqual(await weightsOf(model));
      const predictions = await (await model.predict(x)).data();
      expect(await (await loaded.predict(x)).data()).toEqual(predictions);
      const history = await model.fit(x, y, { epochs: 2, validationSplit: 0.25, ...quiet });
      expect(await loaded.fit(x, y, { epochs: 2, validationSplit: 0.25, ...quiet })).toEqual(
        history,
      );
      expect(await weightsOf(loaded)).toEqual(await weightsOf(model));
    });
  }

  it('may be untrained, not compiled, or begin without an input layer', async () => {
    const model = sequential([layers.flatten(), layers.dense({ units: 2 })]);
    await expect(saveModel(model, join(root, 'unbuilt'))).rejects.toThrow(/not built/);
    model.build([2, 2]);
    await saveModel(model, join(root, 'plain'));
    const loaded = await loadModel(join(root, 'plain'));
    expect(loaded.inputShape).toEqual([2, 2]);
    expect(loaded.compiled).toBeUndefined();
    expect(await weightsOf(loaded)).toEqual(await weightsOf(model));
  });

  it('replaces an older one, and leaves nothing else behind', async () => {
    const folder = await saved('twice');
    const model = await loadModel(folder);
    await model.fit(x, y, quiet);
    await saveModel(model, folder);
    expect((await readdir(folder)).sort()).toEqual(['model.json', 'weights.safetensors']);
    expect((await readdir(root)).filter((name) => name.includes('tmp'))).toEqual([]);
    expect((await loadModel(folder)).epochsTrained).toBe(2);
  });
});

describe('saving refuses', () => {
  it('a folder with other things, and a file', async () => {
    const model = await loadModel(await saved('source'));
    const folder = join(root, 'foreign');
    await mkdir(folder);
    await saveModel(model, folder);
    await writeFile(join(folder, 'thesis.txt'), 'precious');
    expect(await failure(saveModel(model, folder))).toMatch(
      /holds .*thesis\.txt[^]*another folder/,
    );
    expect(await readFile(join(folder, 'thesis.txt'), 'utf8')).toBe('precious');
    const other = join(root, 'other');
    await mkdir(other);
    await writeFile(join(other, 'model.json'), '{"format": "layers-model"}');
    expect(await failure(saveModel(model, other))).toMatch(/it holds model\.json/);
    const file = join(root, 'file');
    await writeFile(file, 'text');
    expect(await failure(saveModel(model, file))).toMatch(/it is no folder/);
  });
});

describe('loading refuses', () => {
  const json = (edit: (text: string) => string) => async (folder: string) => {
    const path = join(folder, 'model.json');
    await writeFile(path, edit(await readFile(path, 'utf8')));
  };
  const weights =
    (edit: (all: ReturnType<typeof readSafetensors>['tensors']) => void) =>
    async (folder: string) => {
      const path = join(folder, 'weights.safetensors');
      const { tensors } = readSafetensors(await readFile(path));
      edit(tensors);
      await writeFile(path, writeSafetensors(tensors));
    };
  const cases: readonly [string, (folder: string) => Promise<void>, RegExp][] = [
    [
      'a missing model.json',
      (f) => rm(join(f, 'model.json')),
      /model\.json: there is no such file/,
    ],
    [
      'missing weights',
      (f) => rm(join(f, 'weights.safetensors')),
      /weights\.safetensors: there is/,
    ],
    ['half a model.json', json((text) => text.slice(0, 300)), /model\.json is no usable part/],
    ['null', json(() => 'null'), /expected "format": "fovea-model", found undefined/],
    ['another format', json((t) => t.replace('fovea-model', 'onnx')), /found "onnx"/],
    [
      'a newer version',
      json((t) => t.replace('"version": 1', '"version": 2')),
      /version 1, found 2/,
    ],
    ['no layers', json((t) => t.replace('"layers"', '"floors"')), /a list "layers"/],
    ['an unknown layer', json((t) => t.replace('Conv2D', 'Conv9D')), /no layer class 'Conv9D'/],
    ['a bad option', json((t) => t.replace('"filters": 4', '"filters": -4')), /filters must be/],
    ['a bad seed', json((t) => t.replace('"seed": 21', '"seed": "x"')), /whole numbers "seed"/],
    [
      'a bad step count',
      json((t) => t.replace('"iterations": 3', '"iterations": -1')),
      /"iterations"/,
    ],
    [
      'an unknown optimizer',
      json((t) => t.replace('"Adam"', '"Ftrl"')),
      /optimizer 'Ftrl' is unknown/,
    ],
    ['an unknown loss', json((t) => t.replace('sparseCat', 'denseCat')), /loss 'denseCat/],
    [
      'other sizes than the weights',
      json((t) => t.replace('"filters": 4', '"filters": 5')),
      /expected "conv2d\/kernel" float32 \[3, 3, 1, 5\], found float32 \[3, 3, 1, 4\]/,
    ],
    [
      'half the weights',
      async (folder) => {
        const path = join(folder, 'weights.safetensors');
        await writeFile(path, (await readFile(path)).subarray(0, 700));
      },
      /weights\.safetensors is no usable part of a model/,
    ],
    [
      'a weight that is missing',
      weights((all) => all.delete('out/bias')),
      /expected a tensor "out\/bias" float32 \[3\], found none/,
    ],
    [
      'a tensor too many',
      weights((all) =>
        all.set('ghost', { dtype: 'float32', shape: [1], data: new Float32Array(1) }),
      ),
      /found a tensor "ghost" that no layer has/,
    ],
    [
      'whole numbers for weights',
      weights((all) =>
        all.set('out/bias', { dtype: 'int32', shape: [3], data: new Int32Array(3) }),
      ),
      /expected "out\/bias" float32 \[3\], found int32 \[3\]/,
    ],
  ];
  for (const [name, damage, message] of cases) {
    it(name, async () => {
      const folder = await saved(name.replaceAll(/\W/g, '_'));
      await damage(folder);
      const before = defaultDevice().memory.info().liveStorages;
      const text = await failure(loadModel(folder));
      expect(text).toContain(folder);
      expect(text).toMatch(message);
      expect(defaultDevice().memory.info().liveStorages).toBe(before);
    });
  }
});
