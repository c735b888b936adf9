import { mkdtemp, open, readdir, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import * as callbacks from '../../src/io/callbacks/index.js';
import { loadModel } from '../../src/io/model.js';
import * as layers from '../../src/nn/layers/index.js';
import { sequential, type Sequential } from '../../src/nn/sequential.js';
import type { History } from '../../src/nn/train.js';
import { openGpu } from '../setup.js';

const disk = vi.hoisted(() => ({ room: Infinity }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, open: openOnDisk };

  async function openOnDisk(...args: Parameters<typeof open>): Promise<FileHandle> {
    const file = await real.open(...args);
    const write = file.writeFile.bind(file);
    file.writeFile = async (data, ...rest) => {
      const bytes = Buffer.from(data as Uint8Array);
      const fits = bytes.length <= disk.room;
      await write(fits ? bytes : bytes.subarray(0, disk.room), ...rest);
      disk.room -= Math.min(bytes.length, disk.room);
      if (!fits) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    };
    return file;
  }
});

let folder: string;
beforeAll(async () => {
  await openGpu();
  folder = await mkdtemp(join(tmpdir(), 'fovea-full-disk-'));
});
afterAll(async () => {
  shutdown();
  await rm(folder, { recursive: true });
});

const x = {
  data: Float32Array.from({ length: 24 * 4 }, (_, i) => Math.sin(i * i)),
  shape: [24, 4],
};
const y = Int32Array.from({ length: 24 }, (_, i) => (i * 5) % 3);

function net(): Sequential {
  const model = sequential(
    [layers.input({ shape: [4] }), layers.dense({ units: 3, activation: 'softmax' })],
    { seed: 3 },
  );
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  return model;
}

/** Three epochs; the disk is full in the middle of the checkpoint of epoch `fullAt`. */
async function train(name: string, fullAt?: number): Promise<History> {
  const model = net();
  try {
    return await model.fit(x, y, {
      ...{ epochs: 3, batchSize: 4, verbose: 0 },
      callbacks: [
        {
          onEpochEnd: (epoch) => {
            if (epoch === fullAt) disk.room = 100;
          },
        },
        callbacks.modelCheckpoint({ filepath: join(folder, name, 'last.keras') }),
        callbacks.backupAndRestore({ directory: join(folder, name, 'backup') }),
      ],
    });
  } finally {
    model.dispose();
  }
}

it('a full disk during a checkpoint: an error, the one before it is whole, and training goes on', async () => {
  const whole = await train('whole');

  const error: unknown = await train('full', 1).catch((cause: unknown) => cause);
  const path = join(folder, 'full', 'last.keras');
  expect(error).toMatchObject({ code: 'FILE', message: `Cannot write ${path}: the disk is full.` });
  expect((await readdir(join(folder, 'full'))).sort()).toEqual(['backup', 'last.keras']);
  const model = await loadModel(path);
  expect(model.epochsTrained).toBe(1);
  model.dispose();

  disk.room = Infinity;
  const rest = await train('full');
  expect(rest.history).toEqual(whole.history);
  const last = await loadModel(path);
  expect(last.epochsTrained).toBe(3);
  last.dispose();
});
