import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { layers, optimizers, Optimizer, Sequential, sequential } from '../../src/nn/index.js';
import { tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

beforeEach(openGpu);
afterEach(shutdown);

function network(optimizer: Optimizer = optimizers.adam()): Sequential {
  const model = sequential(
    [
      layers.conv2d({ filters: 8, kernelSize: 3, padding: 'same', activation: 'relu' }),
      layers.batchNormalization(),
      layers.maxPooling2d(),
      layers.flatten(),
      layers.dropout({ rate: 0.5 }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
    { seed: 5 },
  );
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

const SHAPE = [8, 8, 4] as const;
const x = {
  data: Float32Array.from({ length: 12 * 256 }, (_, i) => ((i * 7919) % 101) / 101 - 0.5),
  shape: [12, ...SHAPE],
};
const y = Int32Array.from({ length: 12 }, (_, i) => i % 3);

/** Everything that a training depends on. */
async function stateOf(model: Sequential): Promise<unknown> {
  const { optimizer } = model.compiled!;
  const kept = [...optimizer.state(model.weights)];
  return {
    weights: await Promise.all(model.weights.map(({ value }) => value.data())),
    kept: await Promise.all(kept.map(async ([name, value]) => [name, await value.data()])),
    counts: [optimizer.iterations, model.epochsTrained, model.seed],
  };
}

describe('warmup', () => {
  it('leaves no pipeline of predict to be compiled', async () => {
    const model = network();
    const seen: [number, number][] = [];
    const result = await model.warmup({
      inputShape: SHAPE,
      batchSize: 12,
      onProgress: (done, total) => void seen.push([done, total]),
    });
    const { kernels } = defaultDevice();
    const { size } = kernels;
    expect(result.pipelines).toBeGreaterThan(4);
    expect(result.milliseconds).toBeGreaterThan(0);
    expect(seen).toEqual(seen.map((_, i) => [i + 1, result.pipelines]));
    expect(seen).toHaveLength(result.pipelines);
    (await model.predict(x, { batchSize: 12 })).dispose();
    expect(kernels.size).toBe(size);
    model.dispose();
  });

  it.each([
    ['adam', () => optimizers.adam()],
    ['nadam', () => optimizers.nadam()],
    ['sgd with momentum', () => optimizers.sgd({ momentum: 0.9 })],
  ])('of training changes nothing, before and between epochs of %s', async (_, make) => {
    const [model, other] = [network(make()), network(make())];
    for (const each of [model, other]) each.ensureBuilt(SHAPE);
    const options = { batchSize: 4, verbose: 0, seed: 3 } as const;
    for (let epoch = 0; epoch < 2; epoch++) {
      const before = await stateOf(model);
      const { pipelines } = await model.warmup({ batchSize: 4, training: true });
      expect(pipelines).toBeGreaterThan(10);
      expect(await stateOf(model)).toEqual(before);
      const { size } = defaultDevice().kernels;
      const first = await model.fit(x, y, options);
      expect(defaultDevice().kernels.size).toBe(size);
      expect(first.history).toEqual((await other.fit(x, y, options)).history);
      expect(await stateOf(model)).toEqual(await stateOf(other));
    }
    model.dispose();
    other.dispose();
  });

  it('frees what it makes', async () => {
    const model = network();
    await model.warmup({ inputShape: SHAPE, batchSize: 4, training: true });
    const { memory } = defaultDevice();
    const { liveBytes, liveStorages } = memory.info();
    await model.warmup({ batchSize: 4, training: true });
    await model.warmup({ batchSize: 4 });
    expect(memory.info()).toMatchObject({ liveBytes, liveStorages });
    model.dispose();
  });

  it('stops when it is told to, and the model works on', async () => {
    const model = network();
    const stop = new AbortController();
    const seen: number[] = [];
    const onProgress = (done: number): void => {
      seen.push(done);
      if (done === 2) stop.abort(new Error('enough'));
    };
    const options = { inputShape: SHAPE, training: true, onProgress, signal: stop.signal };
    await expect(model.warmup(options)).rejects.toThrow('enough');
    expect(seen.length).toBeLessThan(12);
    const again = network();
    const options4 = { batchSize: 4, verbose: 0 } as const;
    const histories = [await model.fit(x, y, options4), await again.fit(x, y, options4)];
    expect(histories[0]).toEqual(histories[1]);
    model.dispose();
    again.dispose();
  });

  it('says what is missing', async () => {
    const model = network();
    await expect(model.warmup({ batchSize: 0 })).rejects.toMatchObject({ code: 'ARGUMENT' });
    await expect(model.warmup({ inputShape: [8, 8] })).rejects.toMatchObject({ code: 'SHAPE' });
    const plain = sequential([layers.input({ shape: [4] }), layers.dense({ units: 2 })]);
    await expect(plain.warmup({ training: true })).rejects.toMatchObject({ code: 'ARGUMENT' });
    await expect(plain.warmup({ inputShape: [5] })).rejects.toMatchObject({ code: 'SHAPE' });
    using one = tensor([[1, 2, 3, 4]]);
    (await plain.predict(one)).dispose();
    plain.dispose();
    model.dispose();
  });
});
