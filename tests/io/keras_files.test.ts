/** Files written by Keras 3, Keras 2 and for TensorFlow.js: see tests/fixtures/make_models.py. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { loadModel, loadWeights, saveModel } from '../../src/io/model.js';
import type { HostArray } from '../../src/nn/data.js';
import type { Model } from '../../src/nn/model.js';
import { openGpu } from '../setup.js';
import {
  expectClose,
  inputsOf,
  kerasModels,
  modelFolder as folder,
  targetsOf,
} from './keras_models.js';

const models = Object.entries(kerasModels);
let scratch: string;

beforeAll(async () => {
  await openGpu();
  scratch = await mkdtemp(join(tmpdir(), 'fovea-keras-'));
});
afterAll(async () => {
  shutdown();
  await rm(scratch, { recursive: true });
});

async function predictions(model: Model, x: readonly HostArray[]): Promise<number[][]> {
  const results = await model.predictAll(x);
  const values = await Promise.all(results.map((y) => y.data()));
  for (const y of results) y.dispose();
  return values.map((each) => [...each]);
}

for (const [name, expected] of models) {
  const x = inputsOf(expected);
  for (const file of expected.files) {
    describe(`${name}: ${file}`, () => {
      if (name !== 'functional') {
        it('predicts as Keras does', async () => {
          const model = await loadModel(join(folder, file));
          expectClose(await predictions(model, x), expected.before, 1e-5);
          model.dispose();
        });
      }
      if (!expected.fit) return;
      it('is trained as by Keras, with what the file says, and goes on after saving', async () => {
        const before = defaultDevice().memory.info().liveStorages;
        const model = await loadModel(join(folder, file));
        expectClose(await predictions(model, x), expected.before, 1e-5);
        const { epochs, batch_size: batchSize, validation_split: split } = expected.fit!;
        const options = { batchSize, shuffle: false, verbose: 0 as const };
        const { history } = await model.fit(x, targetsOf(expected), {
          ...{ ...options, epochs },
          ...(split !== undefined && { validationSplit: split }),
        });
        expect(Object.keys(history).sort()).toEqual(Object.keys(expected.history!).sort());
        // The batch norm of Keras 2 moves its averages by another variance than that of Keras 3.
        const isKeras2 = file.startsWith('chain2');
        for (const [key, values] of Object.entries(expected.history!)) {
          if (isKeras2 && key.startsWith('val_')) continue;
          expectClose([[...history[key]!]], [values], 1e-4);
        }
        if (!isKeras2) expectClose(await predictions(model, x), expected.after!, 1e-3);
        const path = join(scratch, `${file}.keras`);
        await saveModel(model, path);
        const again = await loadModel(path);
        const y = targetsOf(expected);
        expect(await again.fit(x, y, options)).toEqual(await model.fit(x, y, options));
        expect(await predictions(again, x)).toEqual(await predictions(model, x));
        model.dispose();
        again.dispose();
        expect(defaultDevice().memory.info().liveStorages).toBe(before);
      });
    });
  }
}

it('weights come from .weights.h5, by name from a legacy file, and from what is written here', async () => {
  const [, expected] = models.find(([name]) => name === 'functional')!;
  const model = await loadModel(join(folder, 'functional.keras'), { compile: false });
  const values = await predictions(model, inputsOf(expected));
  const names = ['ours.weights.h5', 'ours.safetensors', 'ours.npz'];
  for (const name of names) await saveModel(model, join(scratch, name));
  const files = [join(folder, 'functional.weights.h5'), ...names.map((n) => join(scratch, n))];
  for (const file of [...files, join(folder, 'functional.h5'), join(folder, 'functional.keras')]) {
    for (const { value } of model.weights) {
      value.device.recorder.upload(value.storage, new Float32Array(value.size));
    }
    await loadWeights(model, file, { byName: file.endsWith('functional.h5') });
    expect(await predictions(model, inputsOf(expected))).toEqual(values);
  }
  model.dispose();
});
