import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryInfo, shutdown } from '../../src/gpu/init.js';
import type { FitCallback } from '../../src/nn/callbacks/index.js';
import { Dataset, LEFT_OUT } from '../../src/nn/dataset.js';
import type { Batch } from '../../src/nn/feed.js';
import * as layers from '../../src/nn/layers/index.js';
import type { Snapshot } from '../../src/nn/run.js';
import { sequential, type Sequential } from '../../src/nn/sequential.js';
import { tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';
import { wave } from './wave.js';

const numbers = (size: number): Dataset<number> => new Dataset(size, (index) => index);

async function list<T>(dataset: Dataset<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const element of dataset) all.push(element);
  return all;
}

describe('Dataset', () => {
  it('goes through maps, parts, repetitions', async () => {
    expect(await list(numbers(5).map((n) => n * n))).toEqual([0, 1, 4, 9, 16]);
    expect(await list(numbers(5).skip(1).take(2))).toEqual([1, 2]);
    expect(await list(numbers(2).skip(5))).toEqual([]);
    expect(await list(numbers(2).repeat(3))).toEqual([0, 1, 0, 1, 0, 1]);
    expect(await numbers(5).skip(3).at(1)).toBe(4);
  });

  it('joins batches, and leaves a smaller last one out when told to', async () => {
    const records = numbers(3).map((n) => ({
      x: { data: Uint8Array.of(n, 10 * n), shape: [2, 1] },
      y: n,
      name: `picture ${n}`,
    }));
    const [first, second] = await list(records.batch(2));
    expect(first).toEqual({
      x: { data: Uint8Array.of(0, 0, 1, 10), shape: [2, 2, 1] },
      y: { data: Int32Array.of(0, 1), shape: [2] },
      name: ['picture 0', 'picture 1'],
    });
    expect(second!.y).toEqual({ data: Int32Array.of(2), shape: [1] });
    expect(records.batch(2, { dropRemainder: true }).size).toBe(1);
    const halves = await list(
      numbers(2)
        .map((n) => n / 2)
        .batch(2),
    );
    expect(halves).toEqual([{ data: Float32Array.of(0, 0.5), shape: [2] }]);
  });

  it('shuffles each pass in another order, equal seeds in equal orders', async () => {
    const shuffled = numbers(50).shuffle({ seed: 3 });
    const [first, second] = [await list(shuffled), await list(shuffled)];
    expect(first).not.toEqual(second);
    expect([...first].sort((a, b) => a - b)).toEqual(await list(numbers(50)));
    const again = numbers(50).shuffle({ seed: 3 });
    expect([await list(again), await list(again)]).toEqual([first, second]);
    const fixed = numbers(50).shuffle({ seed: 3, reshuffleEachIteration: false });
    expect(await list(fixed)).toEqual(await list(fixed));
    const twice = await list(numbers(4).shuffle({ seed: 1 }).repeat(2));
    expect(new Set(twice.slice(0, 4))).toEqual(new Set(twice.slice(4)));
  });

  it('makes elements once with cache, and again where that failed', async () => {
    let made = 0;
    const cached = new Dataset(3, (index) => {
      made++;
      if (made === 1) throw new Error('not now');
      return index;
    }).cache();
    await expect(cached.at(0)).rejects.toThrow('not now');
    expect([await list(cached), await list(cached)]).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
    expect(made).toBe(4);
  });

  it('makes as many elements ahead as prefetch says', async () => {
    const begun: number[] = [];
    const dataset = new Dataset(9, (index) => {
      begun.push(index);
      return index;
    });
    for (const ahead of [0, 3]) {
      begun.length = 0;
      for await (const element of dataset.prefetch(ahead)) {
        if (element === 1) break;
      }
      expect(begun).toEqual(Array.from({ length: 2 + ahead }, (_, i) => i));
    }
  });

  it('leaves out what could not be made', async () => {
    const some = new Dataset<number>(6, (index) => (index % 2 === 0 ? LEFT_OUT : index));
    expect(await list(some)).toEqual([1, 3, 5]);
    expect((await list(some.batch(3))).map(({ data }) => Array.from(data))).toEqual([[1], [3, 5]]);
    expect(await list(Dataset.zip({ a: some, b: numbers(4) }))).toEqual([
      { a: 1, b: 1 },
      { a: 3, b: 3 },
    ]);
    await expect(some.at(0)).rejects.toThrow('element 0 is left out');
  });

  it('refuses what cannot be', async () => {
    expect(() => numbers(3).batch(0)).toThrow('batch: batchSize must be an integer from 1, got 0');
    expect(() => numbers(3).take(-1)).toThrow('take: count must be an integer from 0, got -1');
    await expect(numbers(3).at(3)).rejects.toThrow('there is no element 3, the size is 3');
    const ragged = numbers(2).map((n) => ({ data: new Float32Array(n + 1), shape: [n + 1] }));
    await expect(list(ragged.batch(2))).rejects.toThrow(
      'batch: the element has shape [1] in one element and [2] in another',
    );
    await expect(
      list(
        numbers(2)
          .map(() => ({ when: null }))
          .batch(2),
      ),
    ).rejects.toThrow('batch: when is of a kind that cannot be joined: null');
  });
});

describe('a model and a data set', () => {
  beforeAll(openGpu);
  afterAll(shutdown);

  const count = 22;
  const x = wave([count, 6, 6, 1], 1);
  const y = Int32Array.from({ length: count }, (_, i) => (i * 7) % 3);
  const arrays = { data: x, shape: [count, 6, 6, 1] };
  const rows = new Dataset(count, (i) => ({
    x: { data: x.subarray(36 * i, 36 * (i + 1)), shape: [6, 6, 1] },
    y: y[i]!,
  }));

  function net(): Sequential {
    const model = sequential(
      [
        layers.conv2d({ filters: 3, kernelSize: 3 }),
        layers.flatten(),
        layers.dropout({ rate: 0.3 }),
        layers.dense({ units: 3, activation: 'softmax' }),
      ],
      { seed: 3 },
    );
    const loss = 'sparseCategoricalCrossentropy';
    model.compile({ optimizer: 'adam', loss, metrics: ['accuracy'] });
    return model;
  }

  async function valuesOf(model: Sequential): Promise<number[][]> {
    return Promise.all(model.weights.map(async ({ value }) => Array.from(await value.data())));
  }

  it('trains, evaluates and predicts as with arrays, to the bit', async () => {
    const [a, b] = [net(), net()];
    const options = { epochs: 3, verbose: 0 } as const;
    const batched = rows.batch(4);
    const byArrays = await a.fit(arrays, y, {
      ...{ ...options, batchSize: 4, shuffle: false },
      validationData: [arrays, y],
    });
    const bySet = await b.fit(batched, { ...options, validationData: batched });
    expect(bySet.history['loss']).toEqual(byArrays.history.loss);
    expect(bySet.dataWait).toHaveLength(3);
    expect(bySet.dataWait!.every((share) => share >= 0 && share < 1)).toBe(true);
    // Validation data lie in other batches: their mean is rounded otherwise.
    expect(bySet.history['val_accuracy']).toEqual(byArrays.history.val_accuracy);
    expect(await valuesOf(b)).toEqual(await valuesOf(a));
    expect(await b.evaluate(batched, { verbose: 0 })).toEqual(
      await a.evaluate(arrays, y, { batchSize: 4, verbose: 0 }),
    );
    const [fromSet, fromArrays] = [
      await b.predict(batched),
      await a.predict(arrays, { batchSize: 4 }),
    ];
    expect(await fromSet.array()).toEqual(await fromArrays.array());
    for (const each of [a, b, fromSet, fromArrays]) each.dispose();
    expect(memoryInfo().liveStorages).toBe(0);
  });

  it('takes pictures as bytes, and tensors that are made on the GPU', async () => {
    const pixels = Uint8Array.from(x, (value) => Math.round(127 + 100 * value));
    const bytes = rows.map(({ y: label }, { index: i }) => ({
      x: { data: pixels.subarray(36 * i, 36 * (i + 1)), shape: [6, 6, 1] },
      y: label,
    }));
    const onGpu = bytes.batch(4).map(({ x: { data, shape }, y: labels }) => ({
      x: tensor(data, shape, { dtype: 'float32' }),
      y: labels,
    }));
    const [a, b, c] = [net(), net(), net()];
    await a.fit({ data: Float32Array.from(pixels), shape: arrays.shape }, y, {
      ...{ batchSize: 4, epochs: 2, shuffle: false, verbose: 0 },
    });
    await b.fit(bytes.batch(4), { epochs: 2, verbose: 0 });
    await c.fit(onGpu, { epochs: 2, verbose: 0 });
    const expected = await valuesOf(a);
    expect(await valuesOf(b)).toEqual(expected);
    expect(await valuesOf(c)).toEqual(expected);
    for (const each of [a, b, c]) each.dispose();
    expect(memoryInfo().liveStorages).toBe(0);
  });

  it('weighs samples and classes, and goes on without what is left out', async () => {
    const weighted = rows.map((row, { index }) => ({ ...row, sampleWeight: index % 2 }));
    const missing = new Dataset<Awaited<ReturnType<typeof rows.at>>>(count, async (index) =>
      index % 2 === 0 ? LEFT_OUT : rows.at(index),
    );
    const [a, b] = [net(), net()];
    const classWeight = { 1: 3 };
    await a.fit(weighted.batch(4), { classWeight, verbose: 0 });
    // Half of the samples, with a loss that is a mean over half as many: equal but for rounding.
    await b.fit(missing.batch(4), { classWeight, verbose: 0 });
    const [half, whole] = [
      await b.evaluate(missing.batch(4), { verbose: 0 }),
      await b.evaluate(weighted.batch(4), { verbose: 0 }),
    ];
    expect(whole.loss * 2).toBeCloseTo(half.loss, 5);
    const none = new Dataset<Batch>(3, () => LEFT_OUT);
    await expect(b.fit(none, { verbose: 0 })).rejects.toThrow(
      'fit: nothing of the data set could be read',
    );
    for (const each of [a, b]) each.dispose();
  });

  it('resumes in the middle of a shuffled epoch, to the bit', async () => {
    const shuffled = (): Dataset<Batch> => rows.shuffle({ seed: 5 }).batch(4).prefetch(3);
    const taken: Snapshot[] = [];
    const take: FitCallback = {
      onBatchEnd: async (batch, run) => {
        if (run.epoch === 1 && batch === 2) taken.push(await run.snapshot());
      },
    };
    const whole = net();
    const all = await whole.fit(shuffled(), { epochs: 3, verbose: 0, callbacks: [take] });
    const resumed = net();
    const resume: FitCallback = { onTrainBegin: (run) => run.resumeFrom(taken[0]!) };
    const rest = await resumed.fit(shuffled(), { epochs: 3, verbose: 0, callbacks: [resume] });
    expect(rest.history).toEqual(all.history);
    expect(await valuesOf(resumed)).toEqual(await valuesOf(whole));
    for (const each of [whole, resumed]) each.dispose();
  });

  it('says what does not fit', async () => {
    const model = net();
    await expect(model.fit(rows.batch(4), { batchSize: 8 } as object)).rejects.toThrow(
      'fit: batchSize does not go with a data set',
    );
    const wrong = rows.map((row) => ({ ...row, y: 7 })).batch(4);
    await expect(model.fit(wrong, { verbose: 0 })).rejects.toThrow('7');
    const flat = rows.map(({ y: label }) => ({ x: label, y: label })).batch(4);
    await expect(model.fit(flat, { verbose: 0 })).rejects.toThrow(
      'fit: x has shape (4), expected (None, 6, 6, 1)',
    );
    model.dispose();
  });
});
