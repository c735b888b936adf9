import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import type { FitCallback } from '../../src/nn/callbacks/index.js';
import { input, model, type Functional } from '../../src/nn/functional.js';
import * as layers from '../../src/nn/layers/index.js';
import { optimizers } from '../../src/nn/optimizers.js';
import { openGpu } from '../setup.js';
import { wave } from './wave.js';

beforeAll(openGpu);
afterAll(shutdown);

const quiet = { verbose: 0, shuffle: false, batchSize: 5 } as const;
const count = 10;
const a = { data: wave([count, 3], 1), shape: [count, 3] } as const;
const b = { data: wave([count, 2], 2), shape: [count, 2] } as const;
const classes = Int32Array.from({ length: count }, (_, i) => (i * 7) % 3);
const values = { data: wave([count, 2], 3), shape: [count, 2] } as const;

/** Two inputs, two outputs. */
function net(seed = 4): Functional {
  const [left, right] = [input({ shape: [3], name: 'a' }), input({ shape: [2], name: 'b' })];
  const both = layers.concatenate().apply([left, right]);
  const x = layers.dense({ units: 5, activation: 'tanh', name: 'common' }).apply(both);
  const kind = layers.dense({ units: 3, activation: 'softmax', name: 'kind' }).apply(x);
  const value = layers.dense({ units: 2, name: 'value' }).apply(x);
  const made = model({ inputs: [left, right], outputs: [kind, value], seed });
  made.compile({
    optimizer: optimizers.sgd({ learningRate: 0.1 }),
    loss: { kind: 'sparseCategoricalCrossentropy', value: 'meanSquaredError' },
    lossWeights: { value: 0.5 },
    metrics: { kind: ['accuracy'], value: ['meanAbsoluteError'] },
  });
  return made;
}

async function weightsOf(trained: Functional): Promise<number[][]> {
  return Promise.all(trained.weights.map(async ({ value }) => Array.from(await value.data())));
}

describe('several inputs and outputs', () => {
  it('are lists or objects with names, with the same result', async () => {
    const [first, second] = [net(), net()];
    const listed = await first.fit([a, b], [classes, values], { ...quiet, epochs: 2 });
    const named = await second.fit(
      { b, a },
      { value: values, kind: classes },
      { ...quiet, epochs: 2 },
    );
    expect(named).toEqual(listed);
    expect(await weightsOf(second)).toEqual(await weightsOf(first));
    expect(Object.keys(listed.history)).toEqual([
      ...['loss', 'kind_loss', 'value_loss', 'kind_accuracy', 'value_meanAbsoluteError'],
    ]);
    const { loss, kind_loss: kind, value_loss: value } = listed.history;
    loss.forEach((total, i) => expect(total).toBeCloseTo(kind![i]! + 0.5 * value![i]!, 5));
    first.dispose();
    second.dispose();
  });

  it('have validation data, evaluation and predictions', async () => {
    const trained = net();
    const data = [
      { a, b },
      { kind: classes, value: values },
    ] as const;
    const { history } = await trained.fit(...data, { ...quiet, epochs: 1, validationData: data });
    const evaluated = await trained.evaluate(...data, { verbose: 0, batchSize: 5 });
    for (const [key, value] of Object.entries(evaluated)) {
      expect(history[`val_${key}`]![0]).toBeCloseTo(value, 5);
    }
    const results = await trained.predictAll({ a, b }, { batchSize: 3 });
    expect(results.map(({ shape }) => shape)).toEqual([
      [count, 3],
      [count, 2],
    ]);
    for (const each of results) each.dispose();
    await expect(trained.predict({ a, b })).rejects.toThrow(/one output/);
    const split = await trained.fit(...data, { ...quiet, validationSplit: 0.2 });
    expect(split.history.val_loss).toHaveLength(1);
    trained.dispose();
  });

  it('have sample weights each: 0 is as if the sample were not there, but counts in the mean', async () => {
    const trained = net();
    const ones = new Float32Array(count).fill(1);
    const half = ones.map((_, i) => (i < 5 ? 1 : 0));
    const y = [classes, values];
    const rows = { verbose: 0, batchSize: count } as const;
    const all = await trained.evaluate([a, b], y, { ...rows, sampleWeight: [half, ones] });
    const firstFive = await trained.evaluate(
      [
        { data: a.data.slice(0, 15), shape: [5, 3] },
        { data: b.data.slice(0, 10), shape: [5, 2] },
      ],
      [classes.slice(0, 5), { data: values.data.slice(0, 10), shape: [5, 2] }],
      rows,
    );
    const plain = await trained.evaluate([a, b], y, rows);
    expect(all['kind_loss']).toBeCloseTo(firstFive['kind_loss']! / 2, 6);
    expect(all['value_loss']).toBeCloseTo(plain['value_loss']!, 6);
    const onlyKind = await trained.evaluate([a, b], y, {
      ...rows,
      sampleWeight: { kind: half, value: ones },
    });
    expect(onlyKind).toEqual(all);
    trained.dispose();
  });

  it('are refused where one is missing, unknown or of another length', async () => {
    const trained = net();
    const y = [classes, values];
    await expect(trained.fit(a, y, quiet)).rejects.toThrow(/the model has a, b/);
    await expect(trained.fit([a], y, quiet)).rejects.toThrow(/1 entries/);
    await expect(trained.fit({ a, c: b }, y, quiet)).rejects.toThrow(/no 'c'/);
    await expect(trained.fit({ a }, y, quiet)).rejects.toThrow(/'b' is missing/);
    await expect(trained.fit([a, b], { kind: classes }, quiet)).rejects.toThrow(/'value'/);
    const short = { data: b.data.slice(2), shape: [count - 1, 2] };
    await expect(trained.fit([a, short], y, quiet)).rejects.toThrow(/samples/);
    await expect(trained.fit([a, b], y, { ...quiet, classWeight: { 0: 2 } })).rejects.toThrow(
      /one output/,
    );
    trained.dispose();
  });
});

describe('weights of classes and samples', () => {
  it('multiply, and are those of each class', async () => {
    const x = input({ shape: [3] });
    const trained = model({
      inputs: x,
      outputs: layers.dense({ units: 3, activation: 'softmax' }).apply(x),
      seed: 1,
    });
    trained.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const classWeight = { 0: 2, 2: 0.5 };
    const factors = Float32Array.from(classes, (label) => [2, 1, 0.5][label]!);
    const own = wave([count], 9, 0.5, 1);
    const rows = { verbose: 0 } as const;
    const byClass = await trained.evaluate(a, classes, { ...rows, classWeight });
    const bySample = await trained.evaluate(a, classes, { ...rows, sampleWeight: factors });
    expect(byClass.loss).toBeCloseTo(bySample.loss, 6);
    const both = await trained.evaluate(a, classes, { ...rows, classWeight, sampleWeight: own });
    const product = own.map((weight, i) => weight * factors[i]!);
    const expected = await trained.evaluate(a, classes, { ...rows, sampleWeight: product });
    expect(both.loss).toBeCloseTo(expected.loss, 6);
    trained.dispose();
  });
});

describe('an AbortSignal', () => {
  it('stops fit after a step, evaluate and predict, with nothing left', async () => {
    const before = defaultDevice().memory.info();
    const trained = net();
    const controller = new AbortController();
    const y = [classes, values];
    const stop: FitCallback = {
      onBatchEnd: (batch) => {
        if (batch === 1) controller.abort();
      },
    };
    const { signal } = controller;
    const stopped = trained.fit([a, b], y, { ...quiet, epochs: 2, callbacks: [stop], signal });
    await expect(stopped).rejects.toThrow(/aborted/);
    expect(trained.compiled!.optimizer.iterations).toBe(2);
    await expect(trained.evaluate([a, b], y, { verbose: 0, signal })).rejects.toThrow(/aborted/);
    await expect(trained.predictAll([a, b], { signal })).rejects.toThrow(/aborted/);
    await trained.fit([a, b], y, quiet);
    trained.dispose();
    const after = defaultDevice().memory.info();
    expect(after.liveStorages).toBe(before.liveStorages);
    expect(after.liveBytes).toBe(before.liveBytes);
  });
});

describe('trainable', () => {
  it('takes effect in the next fit, and back', async () => {
    const trained = net();
    const y = [classes, values];
    const common = trained.getLayer('common');
    const start = await weightsOf(trained);
    common.trainable = false;
    await trained.fit([a, b], y, quiet);
    const frozen = await weightsOf(trained);
    expect(frozen.slice(0, 2)).toEqual(start.slice(0, 2));
    expect(frozen[2]).not.toEqual(start[2]);
    common.trainable = true;
    await trained.fit([a, b], y, quiet);
    const free = await weightsOf(trained);
    expect(free[0]).not.toEqual(start[0]);
    trained.trainable = false;
    expect(trained.trainableWeights).toEqual([]);
    await expect(trained.fit([a, b], y, quiet)).rejects.toThrow(/no weight/);
    trained.dispose();
  });

  it('keeps nothing alive that is not needed', async () => {
    const trained = net();
    const y = [classes, values];
    await trained.fit([a, b], y, quiet);
    const before = defaultDevice().memory.info();
    for (const trainable of [false, true, false, true]) {
      trained.getLayer('common').trainable = trainable;
      await trained.fit([a, b], y, quiet);
    }
    const after = defaultDevice().memory.info();
    expect(after.liveStorages).toBe(before.liveStorages);
    expect(after.liveBytes).toBe(before.liveBytes);
    trained.dispose();
  });
});
