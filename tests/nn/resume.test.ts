import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import {
  EarlyStopping,
  ReduceLROnPlateau,
  type FitCallback,
} from '../../src/nn/callbacks/index.js';
import * as layers from '../../src/nn/layers/index.js';
import { optimizers } from '../../src/nn/optimizers.js';
import type { Snapshot } from '../../src/nn/run.js';
import { sequential, type Sequential } from '../../src/nn/sequential.js';
import type { FitOptions, History } from '../../src/nn/train.js';
import { openGpu } from '../setup.js';
import { wave } from './wave.js';

beforeAll(openGpu);
afterAll(shutdown);

const x = { data: wave([22, 6, 6, 1], 1), shape: [22, 6, 6, 1] } as const;
const y = Int32Array.from({ length: 22 }, (_, i) => (i * 7) % 3);
const sampleWeight = wave([22], 2, 0.5, 1);

/** Everything that draws random numbers or remembers something between steps. */
function net(seed = 3): Sequential {
  const model = sequential(
    [
      layers.input({ shape: [6, 6, 1] }),
      layers.randomFlip({ mode: 'horizontal' }),
      layers.conv2d({ filters: 3, kernelSize: 3 }),
      layers.batchNormalization(),
      layers.reLU(),
      layers.flatten(),
      layers.dropout({ rate: 0.3 }),
      layers.dense({ units: 3, activation: 'softmax', kernelRegularizer: 'l2' }),
    ],
    { seed },
  );
  const optimizer = optimizers.adam({ learningRate: 0.05 });
  const loss = 'sparseCategoricalCrossentropy';
  model.compile({ optimizer, loss, metrics: ['accuracy'], weightedMetrics: ['accuracy'] });
  return model;
}

function options(...more: readonly FitCallback[]): FitOptions {
  const plateau = new ReduceLROnPlateau({ patience: 1, factor: 0.5, minDelta: 0.2 });
  const stopping = new EarlyStopping({ patience: 3, restoreBestWeights: true });
  return {
    ...{ epochs: 6, batchSize: 4, validationSplit: 0.25, sampleWeight, verbose: 0 },
    callbacks: [...more, plateau, stopping],
  };
}

async function valuesOf(model: Sequential): Promise<number[][]> {
  return Promise.all(model.weights.map(async ({ value }) => Array.from(await value.data())));
}

/** Takes a snapshot after that step of that epoch; with `stop`, training then ends abruptly. */
function taker(epoch: number, step: number, taken: Snapshot[], stop = false): FitCallback {
  return {
    onBatchEnd: async (batch, run) => {
      if (run.epoch !== epoch || batch !== step) return;
      taken.push(await run.snapshot());
      if (stop) throw new Error('the machine is switched off');
    },
  };
}

async function uninterrupted(): Promise<{ history: History; weights: number[][] }> {
  const model = net();
  const history = await model.fit(x, y, options({}));
  const weights = await valuesOf(model);
  model.dispose();
  return { history, weights };
}

describe('a training that is resumed', () => {
  for (const [epoch, step] of [
    [0, 0],
    [1, 2],
    [3, 1],
    [2, 3],
  ] as const) {
    it(`after step ${step} of epoch ${epoch} is bit for bit the one without a break`, async () => {
      const expected = await uninterrupted();
      const taken: Snapshot[] = [];
      const first = net();
      const broken = first.fit(x, y, options(taker(epoch, step, taken, true)));
      await expect(broken).rejects.toThrow('switched off');
      first.dispose();
      // Another process: other first weights.
      const second = net(99);
      const resume: FitCallback = { onTrainBegin: (run) => run.resumeFrom(taken[0]!) };
      const history = await second.fit(x, y, options(resume));
      expect(history).toEqual(expected.history);
      expect(await valuesOf(second)).toEqual(expected.weights);
      expect(second.epochsTrained).toBe(history.epoch.length);
      second.dispose();
    });
  }

  it('may be resumed at the end of an epoch', async () => {
    const expected = await uninterrupted();
    const taken: Snapshot[] = [];
    const last: FitCallback = {
      isLast: true,
      onEpochEnd: async (epoch, _, run) => {
        if (epoch === 2) taken.push(await run.snapshot());
      },
    };
    const first = net();
    await first.fit(x, y, options(last));
    first.dispose();
    const second = net(99);
    const resume: FitCallback = {
      isLast: true,
      onTrainBegin: (run) => run.resumeFrom(taken[0]!),
    };
    const history = await second.fit(x, y, options(resume));
    expect(history).toEqual(expected.history);
    expect(await valuesOf(second)).toEqual(expected.weights);
    second.dispose();
  });

  it('is not changed by taking snapshots', async () => {
    const expected = await uninterrupted();
    const model = net();
    const every: FitCallback = {
      onBatchEnd: async (_, run) => {
        await run.snapshot();
      },
    };
    expect(await model.fit(x, y, options(every))).toEqual(expected.history);
    expect(await valuesOf(model)).toEqual(expected.weights);
    model.dispose();
  });

  it('refuses a snapshot of another model', async () => {
    const taken: Snapshot[] = [];
    const model = net();
    await model.fit(x, y, options(taker(0, 0, taken)));
    model.dispose();
    const other = sequential([
      layers.input({ shape: [6, 6, 1] }),
      layers.flatten(),
      layers.dense({ units: 3, activation: 'softmax' }),
    ]);
    other.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    const resume: FitCallback = { onTrainBegin: (run) => run.resumeFrom(taken[0]!) };
    await expect(other.fit(x, y, options(resume))).rejects.toThrow(/does not fit/);
    other.dispose();
  });

  it('leaves nothing behind', async () => {
    const before = defaultDevice().memory.info();
    const taken: Snapshot[] = [];
    const model = net();
    await expect(model.fit(x, y, options(taker(1, 1, taken, true)))).rejects.toThrow();
    const resume: FitCallback = { onTrainBegin: (run) => run.resumeFrom(taken[0]!) };
    await model.fit(x, y, options(resume));
    model.dispose();
    const after = defaultDevice().memory.info();
    expect(after.liveStorages).toBe(before.liveStorages);
    expect(after.liveBytes).toBe(before.liveBytes);
  });
});
