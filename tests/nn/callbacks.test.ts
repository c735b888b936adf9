import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import {
  EarlyStopping,
  LearningRateScheduler,
  ReduceLROnPlateau,
  TerminateOnNaN,
  type FitCallback,
} from '../../src/nn/callbacks/index.js';
import * as layers from '../../src/nn/layers/index.js';
import { optimizers } from '../../src/nn/optimizers.js';
import type { FitRun } from '../../src/nn/run.js';
import { sequential, type Sequential } from '../../src/nn/sequential.js';
import { assign } from '../../src/nn/update.js';
import keras from '../fixtures/keras-callbacks.json' with { type: 'json' };
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

const quiet = { verbose: 0, shuffle: false } as const;
const one = { data: [1], shape: [1, 1] } as const;

/** One weight: y = w x. */
function scaleModel(learningRate = 0.1): Sequential {
  const model = sequential(
    [layers.input({ shape: [1] }), layers.dense({ units: 1, useBias: false })],
    { seed: 1 },
  );
  model.compile({
    optimizer: optimizers.sgd({ learningRate }),
    loss: 'meanSquaredError',
    metrics: ['accuracy'],
  });
  return model;
}

async function weightOf(model: Sequential): Promise<number> {
  return (await model.weights[0]!.value.data())[0]!;
}

interface Decisions {
  readonly options: Readonly<Record<string, unknown>>;
  readonly sequence: string;
  readonly epochs: readonly { readonly rate: number; readonly stopped: boolean }[];
  readonly weight: number;
}

/** Keras's names of options -> fovea's. */
function optionsOf({ options }: Decisions): Readonly<Record<string, unknown>> {
  const camel = (key: string): string =>
    key === 'min_lr'
      ? 'minLearningRate'
      : key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [camel(key), value]));
}

/** Gives a callback the logs that Keras's was given; the weight is 0, then 1, 2, ... per epoch. */
async function feed(callback: FitCallback, { sequence, epochs, weight }: Decisions): Promise<void> {
  const values: readonly number[] = keras.sequences[sequence as keyof typeof keras.sequences];
  const model = scaleModel();
  const script: FitCallback = {
    onEpochEnd: (epoch, logs) => {
      assign(model.weights[0]!.value, Float32Array.of(epoch + 1));
      logs['val_loss'] = logs['val_accuracy'] = values[epoch]!;
    },
  };
  const seen: { rate: number; stopped: boolean }[] = [];
  const recorder: FitCallback = {
    onEpochEnd: (_, __, run) =>
      void seen.push({ rate: run.optimizer.learningRate, stopped: run.isStopped }),
  };
  const callbacks = [script, callback, recorder];
  await model.fit(one, one, { ...quiet, epochs: values.length, callbacks });
  expect(seen.map(({ stopped }) => stopped)).toEqual(epochs.map(({ stopped }) => stopped));
  seen.forEach(({ rate }, i) => expect(rate).toBeCloseTo(epochs[i]!.rate, 6));
  expect(await weightOf(model)).toBe(weight);
  model.dispose();
}

function title({ options, sequence }: Decisions): string {
  return `${sequence} values, ${JSON.stringify(options)}`;
}

describe('earlyStopping', () => {
  for (const test of keras.stopping as readonly Decisions[]) {
    it(`decides as Keras: ${title(test)}`, async () => {
      await feed(new EarlyStopping(optionsOf(test)), test);
    });
  }

  it('can be used again, and frees the weights it keeps when the training fails', async () => {
    const callback = new EarlyStopping({ monitor: 'loss', restoreBestWeights: true, patience: 5 });
    const failing: FitCallback = {
      onBatchEnd: () => {
        throw new Error('failed');
      },
    };
    const model = scaleModel();
    const callbacks = [callback, failing];
    await expect(model.fit(one, one, { ...quiet, callbacks })).rejects.toThrow('failed');
    expect(callback.tensors()).toEqual([]);
    const { epoch } = await model.fit(one, one, { ...quiet, epochs: 3, callbacks: [callback] });
    expect(epoch).toEqual([0, 1, 2]);
    model.dispose();
  });

  it('never takes NaN for the best value', async () => {
    const model = scaleModel();
    const values = [NaN, 0.5, NaN, NaN, 0.4];
    const script: FitCallback = {
      onEpochEnd: (epoch, logs) => void (logs['val_loss'] = values[epoch]!),
    };
    const callbacks = [script, new EarlyStopping({ patience: 2 })];
    const { epoch } = await model.fit(one, one, { ...quiet, epochs: 5, callbacks });
    expect(epoch).toEqual([0, 1, 2, 3]);
    model.dispose();
  });

  it('says which values there are', async () => {
    const model = scaleModel();
    const callbacks = [new EarlyStopping()];
    await expect(model.fit(one, one, { ...quiet, callbacks })).rejects.toThrow(
      /there is no 'val_loss'; the values are loss, accuracy/,
    );
    expect(() => new EarlyStopping({ monitor: 'val_score' })).toThrow(/less or more/);
    expect(new EarlyStopping({ monitor: 'val_score', mode: 'max' })).toBeDefined();
    expect(() => new EarlyStopping({ minDelta: -1 })).toThrow(/minDelta/);
    model.dispose();
  });
});

describe('reduceLROnPlateau', () => {
  for (const test of keras.plateau as readonly Decisions[]) {
    it(`decides as Keras: ${title(test)}`, async () => {
      await feed(new ReduceLROnPlateau(optionsOf(test)), test);
    });
  }

  it('writes the learning rate of each epoch into the history', async () => {
    const model = scaleModel();
    const script: FitCallback = { onEpochEnd: (_, logs) => void (logs['val_loss'] = 1) };
    const callbacks = [script, new ReduceLROnPlateau({ patience: 1, factor: 0.5 })];
    const { history } = await model.fit(one, one, { ...quiet, epochs: 3, callbacks });
    expect(history['learning_rate']).toEqual([0.1, 0.1, 0.05]);
    model.dispose();
  });

  it('refuses a factor that does not reduce, and a schedule', async () => {
    expect(() => new ReduceLROnPlateau({ factor: 1 })).toThrow(/between 0 and 1/);
    const model = scaleModel();
    model.compile({
      optimizer: {
        className: 'SGD',
        config: {
          learningRate: {
            className: 'ExponentialDecay',
            config: { initialLearningRate: 0.1, decaySteps: 1, decayRate: 0.5 },
          },
        },
      },
      loss: 'meanSquaredError',
    });
    const callbacks = [new LearningRateScheduler(() => 0.1)];
    await expect(model.fit(one, one, { ...quiet, callbacks })).rejects.toThrow(/cannot be set/);
    model.dispose();
  });
});

describe('learningRateScheduler', () => {
  it('sets the learning rate before each epoch, from the one before it', async () => {
    const model = scaleModel();
    const seen: [number, number][] = [];
    const callback = new LearningRateScheduler((epoch, rate) => {
      seen.push([epoch, rate]);
      return epoch < 2 ? rate : rate / 10;
    });
    const { history } = await model.fit(one, one, {
      ...{ ...quiet, epochs: 4, initialEpoch: 1, callbacks: [callback] },
    });
    expect(seen).toEqual([
      [1, 0.1],
      [2, 0.1],
      [3, 0.01],
    ]);
    expect(history['learning_rate']).toEqual([0.1, 0.01, 0.001]);
    model.dispose();
  });

  it('refuses what is no learning rate', async () => {
    const model = scaleModel();
    for (const rate of [NaN, -1, Infinity]) {
      const callbacks = [new LearningRateScheduler(() => rate)];
      await expect(model.fit(one, one, { ...quiet, callbacks })).rejects.toThrow(/for epoch 0/);
    }
    model.dispose();
  });
});

describe('terminateOnNaN', () => {
  it('stops after the step that gives NaN, and the epoch is in the history', async () => {
    const model = scaleModel();
    const steps: number[] = [];
    const spoil: FitCallback = {
      onBatchEnd: (batch) => {
        steps.push(batch);
        if (steps.length === 3) assign(model.weights[0]!.value, Float32Array.of(NaN));
      },
    };
    const data = { data: [1, 2, 3, 4, 5], shape: [5, 1] } as const;
    const callbacks = [spoil, new TerminateOnNaN()];
    const { epoch, history } = await model.fit(data, data, {
      ...{ ...quiet, batchSize: 1, epochs: 3, callbacks },
    });
    expect(steps).toEqual([0, 1, 2, 3]);
    expect(epoch).toEqual([0]);
    expect(history.loss[0]).toBeNaN();
    model.dispose();
  });
});

describe('the order of hooks', () => {
  it('is that of the list, and later callbacks see what earlier ones add', async () => {
    const model = scaleModel();
    const calls: string[] = [];
    const hooks = (name: string): FitCallback => ({
      onTrainBegin: () => void calls.push(`${name} begins`),
      onEpochBegin: (epoch) => void calls.push(`${name} epoch ${epoch} begins`),
      onBatchEnd: (batch, run: FitRun) => void calls.push(`${name} batch ${batch} of ${run.steps}`),
      onEpochEnd: (_, logs) => {
        calls.push(`${name} sees ${Object.keys(logs).join()}`);
        logs[name] = 1;
      },
      onTrainEnd: () => void calls.push(`${name} ends`),
      dispose: () => void calls.push(`${name} is freed`),
    });
    const { history } = await model.fit(one, one, {
      ...quiet,
      callbacks: [hooks('a'), hooks('b')],
    });
    expect(calls).toEqual([
      ...['a begins', 'b begins', 'a epoch 0 begins', 'b epoch 0 begins'],
      ...['a batch 0 of 1', 'b batch 0 of 1', 'a sees loss,accuracy', 'b sees loss,accuracy,a'],
      ...['a ends', 'b ends', 'a is freed', 'b is freed'],
    ]);
    expect(Object.keys(history)).toEqual(['loss', 'accuracy', 'a', 'b']);
    model.dispose();
  });
});
