import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FoveaError } from '../../src/errors.js';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { readZip, writeZip } from '../../src/io/formats/zip.js';
import { loadModel, loadWeights, saveModel } from '../../src/io/model.js';
import { Layer } from '../../src/nn/layer.js';
import * as layers from '../../src/nn/layers/index.js';
import type { Model } from '../../src/nn/model.js';
import { optimizers, type Optimizer } from '../../src/nn/optimizers.js';
import { schedules } from '../../src/nn/schedules.js';
import { sequential, type Sequential } from '../../src/nn/sequential.js';
import type { Shape } from '../../src/shape.js';
import type { Tensor } from '../../src/tensor.js';
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
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

async function weightsOf(model: Model): Promise<unknown[]> {
  return Promise.all(model.weights.map(async ({ name, value }) => [name, await value.data()]));
}

async function saved(name: string): Promise<string> {
  const path = join(root, name);
  const model = net(optimizers.adam());
  await model.fit(x, y, quiet);
  await saveModel(model, path);
  model.dispose();
  return path;
}

async function failure(promise: Promise<unknown>, code = 'FILE'): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FoveaError);
  expect((error as FoveaError).code).toBe(code);
  return (error as FoveaError).message;
}

describe('a model that is saved and loaded', () => {
  for (const [name, make] of [
    ['sgd', () => optimizers.sgd({ momentum: 0.9, nesterov: true })],
    ['rmsprop', () => optimizers.rmsprop({ centered: true, momentum: 0.5 })],
    ['adamw', () => optimizers.adamw({ learningRate: 0.01 })],
    ['nadam', () => optimizers.nadam()],
  ] as const) {
    it(`predicts and continues to the bit: ${name}`, async () => {
      const model = net(make());
      await model.fit(x, y, { epochs: 2, ...quiet });
      const path = join(root, 'deep', `${name}.keras`);
      await saveModel(model, path);
      const loaded = await loadModel(path);
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

  it('has numbers with a point where Keras needs floats', async () => {
    const values = [1, 0.5, 0];
    const rates = [1, schedules.piecewiseConstantDecay({ boundaries: [1, 2], values })];
    for (const learningRate of rates) {
      const path = join(root, 'whole.keras');
      await saveModel(net(optimizers.sgd({ learningRate, momentum: 1 })), path);
      const text = new TextDecoder().decode(readZip(await readFile(path)).get('config.json'));
      expect(text).toContain('"momentum":1.0');
      expect(text).toMatch(/"learning_rate":1\.0|"values":\[1\.0,0\.5,0\.0\]/);
      expect((await loadModel(path)).compiled!.optimizer.getConfig().config).toMatchObject({
        momentum: 1,
      });
    }
  });

  it('may be untrained, not compiled, or begin without an input layer', async () => {
    const model = sequential([layers.flatten(), layers.dense({ units: 2 })]);
    await expect(saveModel(model, join(root, 'unbuilt.keras'))).rejects.toThrow(/not built/);
    model.ensureBuilt([2, 2]);
    await saveModel(model, join(root, 'plain.keras'));
    const loaded = await loadModel(join(root, 'plain.keras'));
    expect(loaded.inputShape).toEqual([2, 2]);
    expect(loaded.compiled).toBeUndefined();
    expect(await weightsOf(loaded)).toEqual(await weightsOf(model));
  });

  it('replaces an older file, and leaves nothing else behind', async () => {
    const path = await saved('twice.keras');
    const model = await loadModel(path);
    await model.fit(x, y, quiet);
    await saveModel(model, path);
    expect((await readdir(root)).filter((name) => name.includes('tmp'))).toEqual([]);
    expect((await loadModel(path)).epochsTrained).toBe(2);
  });

  it('keeps layers of one’s own', async () => {
    class Scale extends Layer {
      override get className(): string {
        return 'Scale';
      }
      protected override readonly config: { readonly by: number };
      constructor({ by, ...options }: { readonly by: number; readonly name?: string }) {
        super(options);
        this.config = { by };
      }
      override computeOutputShape(inputShape: Shape): Shape {
        return inputShape;
      }
      override call(input: Tensor): Tensor {
        return input.mul(this.config.by);
      }
    }
    const model = sequential([layers.input({ shape: [3] }), new Scale({ by: 3 })]);
    const path = join(root, 'custom.keras');
    await saveModel(model, path);
    expect(await failure(loadModel(path))).toMatch(/sequential\/scale: .*Scale[^]*customLayers/);
    const loaded = await loadModel(path, { customLayers: { Scale } });
    expect(await (await loaded.predict({ data: [1, 2, 3], shape: [1, 3] })).data()).toEqual(
      Float32Array.of(3, 6, 9),
    );
  });
});

describe('a file that leaves its input shape open', () => {
  /** A saved model whose height and width are null in the file. */
  async function openFile(): Promise<string> {
    const members = new Map(readZip(new Uint8Array(await readFile(await saved('closed.keras')))));
    const text = new TextDecoder().decode(members.get('config.json'));
    const open = text.replaceAll('[null,6,6,1]', '[null,null,null,1]');
    expect(open).not.toBe(text);
    members.set('config.json', new TextEncoder().encode(open));
    const path = join(root, 'open.keras');
    await writeFile(path, writeZip(members));
    return path;
  }

  it('is loaded for the shapes that are passed, by order or by name', async () => {
    const path = await openFile();
    const closed = await loadModel(join(root, 'closed.keras'));
    const predictions = await (await closed.predict(x)).data();
    const [name] = closed.inputNames;
    for (const inputShapes of [[[6, 6, 1]], { [name!]: [6, 6, 1] }]) {
      const loaded = await loadModel(path, { inputShapes });
      expect(loaded.inputShape).toEqual([6, 6, 1]);
      expect(await (await loaded.predict(x)).data()).toEqual(predictions);
    }
  });

  it('is refused without them, and with shapes that its weights do not fit', async () => {
    const path = await openFile();
    expect(await failure(loadModel(path))).toMatch(/is open: pass inputShapes/);
    expect(await failure(loadModel(path, { inputShapes: [[8, 8, 1]] }))).toMatch(/out\/kernel/);
  });
});

it('saving refuses names that tell no format, and folders', async () => {
  const model = net(optimizers.adam());
  expect(await failure(saveModel(model, join(root, 'model')), 'ARGUMENT')).toMatch(
    /Endings are \.keras, \.weights\.h5/,
  );
  expect(await failure(saveModel(model, join(root, 'twice.keras', 'a.keras')))).toMatch(
    /not a folder/,
  );
  model.dispose();
});

describe('loading refuses', () => {
  type Members = Map<string, Uint8Array>;
  const edit = (name: string, change: (text: string) => string) => (members: Members) => {
    const text = new TextDecoder().decode(members.get(name));
    expect(change(text)).not.toBe(text);
    members.set(name, new TextEncoder().encode(change(text)));
  };
  const config = (change: (text: string) => string): ((members: Members) => void) =>
    edit('config.json', change);
  const cases: readonly [string, (members: Members) => void, RegExp][] = [
    ['no config.json', (m) => m.delete('config.json'), /it has no config\.json/],
    ['no weights', (m) => m.delete('model.weights.h5'), /it has no model\.weights\.h5/],
    ['half a config.json', config((text) => text.slice(0, 300)), /JSON/],
    ['null', config(() => 'null'), /expected a Sequential or Functional/],
    [
      'an unknown layer',
      config((t) => t.replaceAll('Conv2D', 'Conv9D')),
      /small\/conv2d: .*Conv9D/,
    ],
    ['a bad option', config((t) => t.replace('"filters":4', '"filters":-4')), /filters must be/],
    ['an unknown option', config((t) => t.replace('"filters"', '"filtrs"')), /filtrs/],
    ['an unknown optimizer', config((t) => t.replace('"Adam"', '"Ftrl"')), /'Ftrl' is unknown/],
    ['an unknown loss', config((t) => t.replace('"Sparse', '"Dense')), /loss 'DenseCat/],
    [
      'other sizes than the weights',
      config((t) => t.replace('"filters":4', '"filters":5')),
      /conv2d\/kernel: has shape \[3, 3, 1, 5\], the file \[3, 3, 1, 4\]/,
    ],
    [
      'half the weights',
      (m) => m.set('model.weights.h5', m.get('model.weights.h5')!.slice(0, 5000)),
      /truncated|ends|larger|bytes/i,
    ],
  ];
  for (const [name, change, message] of cases) {
    it(name, async () => {
      const path = await saved('source.keras');
      const members = new Map(readZip(new Uint8Array(await readFile(path))));
      change(members);
      const broken = join(root, 'broken.keras');
      await writeFile(broken, writeZip(members));
      const before = defaultDevice().memory.info().liveStorages;
      const text = await failure(loadModel(broken));
      expect(text).toMatch(message);
      expect(text).toContain('broken.keras');
      expect(defaultDevice().memory.info().liveStorages).toBe(before);
    });
  }

  it('other files', async () => {
    const path = join(root, 'other.keras');
    await writeFile(path, 'some text');
    expect(await failure(loadModel(path))).toMatch(/neither a zip, an HDF5 nor a JSON file/);
    expect(await failure(loadModel(join(root, 'none.keras')))).toMatch(/no such file/);
    const model = net(optimizers.adam());
    await saveModel(model, join(root, 'weights.weights.h5'));
    expect(await failure(loadModel(join(root, 'weights.weights.h5')))).toMatch(/only weights/);
    await saveModel(sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]), path);
    expect(await failure(loadWeights(model, path))).toMatch(/conv2d\/kernel: is missing/);
    model.dispose();
  });
});
