import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import * as callbacks from '../../src/io/callbacks/index.js';
import { checkName, fillName } from '../../src/io/callbacks/file_name.js';
import { crc32c } from '../../src/io/formats/crc32.js';
import { loadModel, loadWeights } from '../../src/io/model.js';
import type { FitCallback } from '../../src/nn/callbacks/index.js';
import * as layers from '../../src/nn/layers/index.js';
import { optimizers, type Optimizer } from '../../src/nn/optimizers.js';
import { sequential, type Sequential } from '../../src/nn/sequential.js';
import type { FitOptions, History } from '../../src/nn/train.js';
import { openGpu } from '../setup.js';
import { crc32cByBits, readEvents } from './event_files.js';

let root: string;
let folder: string;
beforeAll(async () => {
  await openGpu();
  root = await mkdtemp(join(tmpdir(), 'fovea-callbacks-'));
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'case-'));
});
afterAll(async () => {
  shutdown();
  await rm(root, { recursive: true });
});

const at = (name: string): string => join(folder, name);
const text = (name: string): Promise<string> => readFile(at(name), 'utf8');

const x = {
  data: Float32Array.from({ length: 24 * 4 }, (_, i) => Math.sin(i * i)),
  shape: [24, 4],
};
const y = Int32Array.from({ length: 24 }, (_, i) => (i * 5) % 3);
const defaults = { batchSize: 4, validationSplit: 1 / 6, verbose: 0, epochs: 3 } as const;

function net(seed = 3, optimizer: Optimizer = optimizers.adam({ learningRate: 0.05 })): Sequential {
  const model = sequential(
    [
      layers.input({ shape: [4] }),
      layers.dense({ units: 6, activation: 'relu' }),
      layers.dropout({ rate: 0.25 }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
    { seed },
  );
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

/** Trains a new model, 5 batches an epoch, and frees it. */
async function train(list: readonly FitCallback[], options: FitOptions = {}): Promise<History> {
  const model = net();
  try {
    return await model.fit(x, y, { ...defaults, ...options, callbacks: list });
  } finally {
    model.dispose();
  }
}

async function weightsOf(model: Sequential): Promise<unknown[]> {
  return Promise.all(model.weights.map(({ value }) => value.data()));
}

/** Sets a value in the logs of each epoch. */
function logs(name: string, values: readonly number[]): FitCallback {
  return { onEpochEnd: (epoch, found) => void (found[name] = values[epoch]!) };
}

/** Ends `fit` with an error, as a crash would. */
function crash(epoch: number, batch: number): FitCallback {
  return {
    isLast: true,
    onBatchEnd: (done, run) => {
      if (run.epoch === epoch && done === batch) throw new Error('crash');
    },
  };
}

describe('names of files', () => {
  it.each([
    ['m-{epoch}.keras', 'm-7.keras'],
    ['{epoch:03d}-{val_loss:.2f}', '007-0.04'],
    [
      '{val_loss:.1e}|{val_loss}|{val_loss:8.3f}|{val_loss:08.3f}',
      '4.2e-02|0.042|   0.042|0000.042',
    ],
    ['{val_loss:f}{val_loss:e}', '0.0420004.200000e-02'],
  ])('%s gives %s, as in Python', (template, expected) => {
    checkName('test', template);
    expect(fillName('test', template, { epoch: 7, val_loss: 0.042 })).toBe(expected);
  });

  it.each(['{epoch:x}', '{epoch:.2d}', '{loss:.2}', '{epoch', 'a}', '{}'])(
    '%s is refused',
    (name) => {
      expect(() => checkName('test', name)).toThrow(`cannot fill the placeholders of '${name}'`);
    },
  );
});

describe('modelCheckpoint', () => {
  it('saves each epoch, under its number and values', async () => {
    const { history } = await train([
      callbacks.modelCheckpoint({ filepath: at('deep/{epoch:02d}-{val_loss:.3f}.keras') }),
    ]);
    const expected = history.val_loss!.map((loss, i) => `0${i + 1}-${loss.toFixed(3)}.keras`);
    expect((await readdir(at('deep'))).sort()).toEqual(expected);
    const loaded = await loadModel(at(`deep/${expected[2]!}`));
    const again = await loaded.evaluate(
      { data: x.data.subarray(80), shape: [4, 4] },
      y.subarray(20),
      { verbose: 0 },
    );
    expect(again.loss).toBeCloseTo(history.val_loss![2]!, 6);
    loaded.dispose();
  });

  it.each(['best.safetensors', 'best.weights.h5'])('keeps the best weights in %s', async (name) => {
    const watched = logs('score', [0.5, 0.9, 0.7]);
    const options = { filepath: at(name), monitor: 'score', saveWeightsOnly: true } as const;
    const model = net();
    const kept: unknown[] = [];
    await model.fit(x, y, {
      ...defaults,
      callbacks: [
        watched,
        callbacks.modelCheckpoint({ ...options, saveBestOnly: true, mode: 'max' }),
        { onEpochEnd: async () => void kept.push(await weightsOf(model)) },
      ],
    });
    await loadWeights(model, at(name));
    expect(await weightsOf(model)).toEqual(kept[1]);
    model.dispose();
  });

  it('saves nothing that is not better than the threshold', async () => {
    await train([
      logs('score', [5, 3, 4]),
      callbacks.modelCheckpoint({
        ...{ filepath: at('{epoch}.keras'), monitor: 'score', mode: 'min', saveBestOnly: true },
        initialValueThreshold: 4,
      }),
    ]);
    expect(await readdir(folder)).toEqual(['2.keras']);
  });

  it('counts batches over epochs', async () => {
    await train([
      callbacks.modelCheckpoint({ filepath: at('{epoch}-{batch}.keras'), saveFreq: 4 }),
    ]);
    expect((await readdir(folder)).sort()).toEqual(['1-4.keras', '2-3.keras', '3-2.keras']);
  });

  it('says what is wrong with its options', async () => {
    const make = (options: Partial<callbacks.ModelCheckpointOptions>) => () =>
      callbacks.modelCheckpoint({ filepath: 'a.keras', ...options });
    expect(make({ filepath: 'a.weights.h5' })).toThrow(
      "cannot save a whole model as 'a.weights.h5'",
    );
    expect(make({ saveWeightsOnly: true })).toThrow("cannot save weights alone as 'a.keras'");
    expect(make({ saveFreq: 0 })).toThrow("saveFreq is 'epoch' or a positive number of batches");
    expect(make({ saveBestOnly: true, saveFreq: 2 })).toThrow("no 'val_loss' after a batch");
    const missing = callbacks.modelCheckpoint({ filepath: at('{nothing}.keras') });
    await expect(train([missing])).rejects.toThrow("needs 'nothing'; the values are epoch, ");
  });
});

describe('csvLogger', () => {
  it('writes sorted columns that the first epoch fixes', async () => {
    const { history } = await train([
      { onEpochEnd: (epoch, found) => void (found[epoch === 1 ? 'b' : 'a,"'] = epoch / 4) },
      callbacks.csvLogger({ filename: at('log.csv') }),
    ]);
    const [header, ...rows] = (await text('log.csv')).trimEnd().split('\n');
    expect(header).toBe('epoch,"a,""",accuracy,loss,val_accuracy,val_loss');
    const row = (epoch: number, first: string): string => {
      const names = ['accuracy', 'loss', 'val_accuracy', 'val_loss'];
      return [epoch, first, ...names.map((name) => history[name]![epoch])].join(',');
    };
    expect(rows).toEqual([row(0, '0'), row(1, 'NA'), row(2, '0.5')]);
  });

  it('continues a file without a second header, or replaces it', async () => {
    const make = (append: boolean): FitCallback =>
      callbacks.csvLogger({ filename: at('log.csv'), separator: ';', append });
    await train([make(true)], { epochs: 1 });
    await train([make(true)], { epochs: 3, initialEpoch: 1 });
    const lines = (await text('log.csv')).trimEnd().split('\n');
    expect(lines.map((line) => line.split(';')[0])).toEqual(['epoch', '0', '1', '2']);
    expect(lines[0]).toBe('epoch;accuracy;loss;val_accuracy;val_loss');
    await train([make(false)], { epochs: 1 });
    expect((await text('log.csv')).split('\n').length).toBe(3);
  });

  it('refuses to continue a file with other columns', async () => {
    await writeFile(at('log.csv'), 'epoch,loss');
    const promise = train([callbacks.csvLogger({ filename: at('log.csv'), append: true })]);
    await expect(promise).rejects.toMatchObject({ code: 'FILE' });
    await expect(promise).rejects.toThrow('has the columns epoch,loss, expected epoch,accuracy');
    expect(await text('log.csv')).toBe('epoch,loss');
  });

  it('says where it cannot write', async () => {
    await writeFile(at('file'), '');
    const promise = train([callbacks.csvLogger({ filename: at('file/log.csv') })]);
    await expect(promise).rejects.toMatchObject({ code: 'FILE' });
    expect(() => callbacks.csvLogger({ filename: 'a', separator: '' })).toThrow('separator');
  });
});

describe('tensorBoard', () => {
  it('has the checksum of its format', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 37) % 256);
    expect(crc32c(bytes)).toBe(crc32cByBits(bytes));
  });

  it('writes the curves that Keras writes', async () => {
    const { history } = await train([
      callbacks.learningRateScheduler((epoch) => 0.5 ** (epoch + 1)),
      callbacks.tensorBoard({ logDir: folder }),
    ]);
    const training = readEvents(at('train'));
    const validation = readEvents(at('validation'));
    expect([training.version, validation.version]).toEqual(['brain.Event:2', 'brain.Event:2']);
    const value = (name: string, epoch: number): number => Math.fround(history[name]![epoch]!);
    const epochs = [0, 1, 2];
    expect(training.scalars).toEqual(
      epochs.flatMap((epoch) => [
        ...['loss', 'accuracy'].map((name) => [`epoch_${name}`, epoch, value(name, epoch)]),
        ['epoch_learning_rate', epoch, 0.5 ** (epoch + 1)],
      ]),
    );
    expect(validation.scalars).toEqual(
      epochs.flatMap((epoch) => [
        ['evaluation_loss_vs_iterations', 5 * (epoch + 1), value('val_loss', epoch)],
        ['evaluation_accuracy_vs_iterations', 5 * (epoch + 1), value('val_accuracy', epoch)],
        ['epoch_loss', epoch, value('val_loss', epoch)],
        ['epoch_accuracy', epoch, value('val_accuracy', epoch)],
      ]),
    );
  });

  it('writes running values after batches', async () => {
    const board = callbacks.tensorBoard({ logDir: folder, updateFreq: 3 });
    await train([board], { validationSplit: 0, epochs: 2 });
    const steps = readEvents(at('train')).scalars.filter(([tag]) => tag === 'batch_loss');
    expect(steps.map(([, step]) => step)).toEqual([3, 6, 9, 12]);
    expect(await readdir(folder)).toEqual(['train']);
  });
});

describe('backupAndRestore', () => {
  const backup = (options: Partial<callbacks.BackupAndRestoreOptions> = {}): FitCallback =>
    callbacks.backupAndRestore({ directory: at('backup'), ...options });
  const others = (): FitCallback[] => [
    callbacks.learningRateScheduler((_, rate) => rate * 0.9),
    callbacks.csvLogger({ filename: at('log.csv'), append: true }),
    callbacks.modelCheckpoint({ filepath: at('{epoch}-{batch}.keras'), saveFreq: 4 }),
  ];

  it.each(['epoch', 1, 4] as const)(
    'goes on as if nothing had been, saveFreq %s',
    async (saveFreq) => {
      const expected = await train(others());
      const csv = await text('log.csv');
      const files = await readdir(folder);
      for (const name of files) await rm(at(name));
      const list = [backup({ saveFreq }), ...others()];
      await expect(train([...list, crash(2, 0)])).rejects.toThrow('crash');
      expect(await readdir(at('backup'))).toEqual(['snapshot.safetensors']);
      const again = [backup({ saveFreq }), ...others(), crash(-1, 0)];
      expect(await train(again)).toEqual(expected);
      expect(await text('log.csv')).toBe(csv);
      expect(await readdir(folder)).toEqual(files);
    },
  );

  it('does not train on after an early stop', async () => {
    const list = (): FitCallback[] => [
      callbacks.earlyStopping({ patience: 1, minDelta: 100 }),
      backup({ deleteCheckpoint: false }),
    ];
    const expected = await train(list());
    expect(expected.epoch).toEqual([0, 1]);
    expect(await train(list())).toEqual(expected);
    expect(await readdir(at('backup'))).toEqual(['snapshot.safetensors']);
  });

  it('keeps values that JSON has not', async () => {
    const list = (): FitCallback[] => [logs('odd', [NaN, -Infinity, 1]), backup()];
    const expected = await train(list().slice(0, 1));
    await expect(train([...list(), crash(2, 0)])).rejects.toThrow('crash');
    expect(await train([...list(), crash(-1, 0)])).toEqual(expected);
  });

  it('leaves other files in its folder alone', async () => {
    await writeFile(at('mine.txt'), '');
    await train([callbacks.backupAndRestore({ directory: folder })]);
    expect(await readdir(folder)).toEqual(['mine.txt']);
  });

  it('refuses a snapshot of another training, and names the file', async () => {
    await train([backup({ deleteCheckpoint: false })]);
    const fit = async (model: Sequential, list: FitCallback[], options = {}): Promise<void> => {
      const promise = model.fit(x, y, { ...defaults, ...options, callbacks: list });
      await expect(promise).rejects.toMatchObject({ code: 'DATA' });
      await expect(promise).rejects.toThrow(
        `fit: ${at('backup/snapshot.safetensors')} does not fit`,
      );
      model.dispose();
    };
    await fit(net(3, optimizers.sgd()), [backup()]);
    await fit(net(), [backup(), callbacks.terminateOnNaN()]);
    await fit(net(), [backup()], { batchSize: 5 });
    const wider = sequential([layers.input({ shape: [4] }), layers.dense({ units: 3 })]);
    wider.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    await fit(wider, [backup()]);
  });

  it('refuses a damaged file', async () => {
    await train([backup({ deleteCheckpoint: false })]);
    const path = at('backup/snapshot.safetensors');
    const whole = await readFile(path);
    const flipped = Buffer.from(whole);
    flipped[flipped.length - 3]! ^= 4;
    for (const bytes of [flipped, whole.subarray(0, 900), Buffer.alloc(0), Buffer.from('{}')]) {
      await writeFile(path, bytes);
      const promise = train([backup()]);
      await expect(promise).rejects.toMatchObject({ code: 'FILE' });
      await expect(promise).rejects.toThrow(`backupAndRestore: ${path}: `);
    }
  });
});
