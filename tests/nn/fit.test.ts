import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { losses } from '../../src/nn/losses.js';
import * as layers from '../../src/nn/layers/index.js';
import { optimizers } from '../../src/nn/optimizers.js';
import { sequential, type Sequential } from '../../src/nn/sequential.js';
import type { History } from '../../src/nn/train.js';
import { tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';
import { softmaxRegression } from './regression.js';

beforeAll(openGpu);
afterAll(shutdown);

const quiet = { verbose: 0 } as const;

/** Numbers that look random and are the same every time. */
function noise(count: number, seed = 1): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1) * seed));
}

const x = { data: noise(20 * 4), shape: [20, 4] } as const;
const y = Int32Array.from({ length: 20 }, (_, i) => (i * 7) % 3);

function linearModel(seed = 5): Sequential {
  const model = sequential(
    [layers.input({ shape: [4] }), layers.dense({ units: 3, activation: 'softmax' })],
    { seed },
  );
  model.compile({
    optimizer: optimizers.sgd({ learningRate: 0.5 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return model;
}

/** Convolution, normalization, dropout: everything that is random or kept between steps. */
function smallNet(seed: number): Sequential {
  const model = sequential(
    [
      layers.input({ shape: [6, 6, 1] }),
      layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }),
      layers.batchNormalization(),
      layers.maxPooling2d(),
      layers.flatten(),
      layers.dropout({ rate: 0.25 }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
    { seed },
  );
  model.compile({
    optimizer: 'adam',
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return model;
}

const pictures = { data: noise(20 * 36), shape: [20, 6, 6, 1] } as const;

async function allWeights(model: Sequential): Promise<Float32Array[]> {
  return Promise.all(model.weights.map(({ value }) => value.data() as Promise<Float32Array>));
}

describe('fit', () => {
  it('gives the numbers of a float64 computation, batch by batch', async () => {
    const model = linearModel();
    const [kernel, bias] = await allWeights(model);
    const expected = softmaxRegression({
      ...{ x: x.data, y, kernel: kernel!, bias: bias!, classes: 3, learningRate: 0.5 },
      ...{ epochs: 4, batchSize: 6, trainCount: 15 },
    });
    const options = { epochs: 4, batchSize: 6, validationSplit: 0.25, shuffle: false, ...quiet };
    const { epoch, history } = await model.fit(x, y, options);
    expect(epoch).toEqual([0, 1, 2, 3]);
    expect(Object.keys(history)).toEqual(['loss', 'accuracy', 'val_loss', 'val_accuracy']);
    for (const [key, values] of Object.entries(expected.history)) {
      values.forEach((value, i) => expect(history[key]![i]).toBeCloseTo(value, 5));
    }
    const [trained] = await allWeights(model);
    expected.kernel.forEach((value, i) => expect(trained![i]).toBeCloseTo(value, 5));
    // The labels are noise, but the model must have learned something of them.
    expect(history.loss[3]).toBeLessThan(history.loss[0]!);
    model.dispose();
  });

  it('begins near ln(classes) with 43 classes', async () => {
    const model = sequential(
      [
        layers.input({ shape: [10] }),
        layers.dense({ units: 16, activation: 'relu' }),
        layers.dense({ units: 43, activation: 'softmax' }),
      ],
      { seed: 3 },
    );
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const labels = Int32Array.from({ length: 86 }, (_, i) => i % 43);
    const input = { data: noise(860).map((value) => value / 4), shape: [86, 10] };
    const { loss, ...rest } = await model.evaluate(input, labels, quiet);
    expect(Math.abs(loss - Math.log(43))).toBeLessThan(0.1);
    expect(rest).toEqual({});
    model.dispose();
  });

  it('evaluates the last samples, untouched by shuffling, and never trains on them', async () => {
    const model = linearModel();
    const before = await model.evaluate(
      { data: x.data.slice(15 * 4), shape: [5, 4] },
      y.slice(15),
      quiet,
    );
    const still = optimizers.sgd({ learningRate: 0 });
    model.compile({
      optimizer: still,
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    const { history } = await model.fit(x, y, { validationSplit: 0.25, epochs: 2, ...quiet });
    expect(history.val_loss![0]).toBeCloseTo(before.loss, 6);
    expect(history.val_loss![1]).toBeCloseTo(before.loss, 6);
    expect(history.val_accuracy![1]).toBe(before.accuracy);
    expect(still.iterations).toBe(2);
    const own = await model.fit(x, y, { validationData: [x, y], ...quiet });
    const whole = await model.evaluate(x, y, quiet);
    expect(own.history.val_loss![0]).toBeCloseTo(whole.loss, 6);
    model.dispose();
  });

  it('repeats to the bit with a seed, and differs with another', async () => {
    const train = async (seed: number): Promise<[History, Float32Array[]]> => {
      const model = smallNet(seed);
      const history = await model.fit(pictures, y, { epochs: 3, batchSize: 8, ...quiet });
      const weights = await allWeights(model);
      model.dispose();
      return [history, weights];
    };
    const first = await train(11);
    expect(await train(11)).toEqual(first);
    expect((await train(12))[0]).not.toEqual(first[0]);
  });

  it('uploads batch by batch what is too large, with the same result', async () => {
    const device = defaultDevice();
    const [resident, streamed] = [linearModel(), linearModel()];
    const large = { data: noise(200 * 4), shape: [200, 4] };
    const labels = Int32Array.from({ length: 200 }, (_, i) => i % 3);
    const options = { epochs: 2, batchSize: 3, ...quiet };
    const expected = await resident.fit(large, labels, options);
    const more = await resident.fit(large, labels, options);
    const before = device.bindingLimit;
    device.bindingLimit = 2048;
    try {
      expect(await streamed.fit(large, labels, options)).toEqual(expected);
      const onGpu = tensor(large.data, large.shape);
      expect(await streamed.fit(onGpu, labels, options)).toEqual(more);
    } finally {
      device.bindingLimit = before;
    }
  });

  it('takes samples as tensors, with the same result', async () => {
    const [fromArray, fromTensor] = [linearModel(), linearModel()];
    const onGpu = tensor(x.data, x.shape);
    const a = await fromArray.fit(x, y, { epochs: 2, ...quiet });
    const b = await fromTensor.fit(onGpu, tensor(y), { epochs: 2, ...quiet });
    expect(b).toEqual(a);
    expect(onGpu.isDisposed).toBe(false);
    onGpu.dispose();
  });

  it('calls back after each epoch, and stops when it is told to', async () => {
    const model = linearModel();
    const seen: [number, string][] = [];
    const controller = new AbortController();
    const promise = model.fit(x, y, {
      epochs: 50,
      callbacks: [
        {
          onEpochEnd: (epoch, logs) => {
            seen.push([epoch, Object.keys(logs).join(' ')]);
            if (epoch === 1) controller.abort(new Error('enough'));
          },
        },
      ],
      signal: controller.signal,
      ...quiet,
    });
    await expect(promise).rejects.toThrow('enough');
    expect(seen).toEqual([
      [0, 'loss accuracy'],
      [1, 'loss accuracy'],
    ]);
    expect(model.compiled!.optimizer.iterations).toBe(2);
    model.dispose();
  });

  it('leaves frozen layers as they are', async () => {
    const model = smallNet(2);
    model.getLayer('conv2d').trainable = false;
    expect(model.trainableWeights).toHaveLength(4);
    const before = await allWeights(model);
    await model.fit(pictures, y, quiet);
    const after = await allWeights(model);
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after.at(-2)).not.toEqual(before.at(-2));
    model.dispose();
  });

  it('uses other losses: one-hot, binary, squared error', async () => {
    const oneHot = new Float32Array(60);
    y.forEach((label, i) => (oneHot[3 * i + label] = 1));
    const sparse = linearModel();
    const rows = linearModel();
    rows.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
    const expected = await sparse.evaluate(x, y, quiet);
    const actual = await rows.evaluate(x, { data: oneHot, shape: [20, 3] }, quiet);
    expect(actual.loss).toBeCloseTo(expected.loss, 6);
    expect(actual.accuracy).toBe(expected.accuracy);

    const one = sequential([
      layers.input({ shape: [4] }),
      layers.dense({ units: 1, activation: 'sigmoid' }),
    ]);
    one.compile({
      optimizer: 'adam',
      loss: losses.binaryCrossentropy({ labelSmoothing: 0.1 }),
      metrics: ['accuracy'],
    });
    const bits = Float32Array.from(y, (label) => label % 2);
    const p = await (await one.predict(x)).data();
    const smooth = (t: number): number => t * 0.9 + 0.05;
    const value = [...p].reduce(
      (sum, q, i) =>
        sum - smooth(bits[i]!) * Math.log(q) - (1 - smooth(bits[i]!)) * Math.log(1 - q),
      0,
    );
    const binary = await one.evaluate(x, bits, quiet);
    expect(binary.loss).toBeCloseTo(value / 20, 5);
    expect(binary.accuracy).toBeCloseTo(
      [...p].filter((q, i) => q > 0.5 === bits[i]! > 0).length / 20,
      6,
    );

    one.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const squared = await one.evaluate(x, { data: bits, shape: [20, 1] }, quiet);
    expect(squared.loss).toBeCloseTo(
      [...p].reduce((sum, q, i) => sum + (q - bits[i]!) ** 2, 0) / 20,
      6,
    );
  });
});

describe('memory', () => {
  it('is the same after every step and every prediction', async () => {
    const model = smallNet(4);
    const { memory } = defaultDevice();
    const seen: unknown[] = [];
    const look = (): void => {
      const { liveBytes, liveStorages, bufferBytes, buffersCreated } = memory.info();
      seen.push({ liveBytes, liveStorages, bufferBytes, buffersCreated });
    };
    await model.fit(pictures, y, { epochs: 500, callbacks: [{ onEpochEnd: look }], ...quiet });
    expect(seen).toHaveLength(500);
    expect(new Set(seen.slice(3).map((info) => JSON.stringify(info))).size).toBe(1);
    seen.length = 0;
    for (let i = 0; i < 500; i++) {
      (await model.predict(pictures)).dispose();
      if (i % 50 === 0) await defaultDevice().recorder.finish();
      look();
    }
    expect(new Set(seen.slice(3).map((info) => JSON.stringify(info))).size).toBe(1);
    model.dispose();
  });

  it('is all given back', async () => {
    const before = defaultDevice().memory.info();
    const model = smallNet(4);
    await model.fit(pictures, y, { validationSplit: 0.5, batchSize: 3, ...quiet });
    const features = model.outputsOf(tensor(pictures.data, pictures.shape), 'max_pooling2d');
    expect(features.shape).toEqual([20, 3, 3, 4]);
    features.dispose();
    model.dispose();
    const after = defaultDevice().memory.info();
    // The batch given to outputsOf is still there.
    expect(after.liveStorages - before.liveStorages).toBe(1);
  });
});

describe('predict', () => {
  it('joins batches', async () => {
    const model = smallNet(1);
    const whole = await model.predict(pictures, { batchSize: 20 });
    const parts = await model.predict(pictures, { batchSize: 7 });
    expect(whole.shape).toEqual([20, 3]);
    expect(await parts.data()).toEqual(await whole.data());
    const bytes = Uint8Array.from({ length: 36 }, (_, i) => i);
    const fromBytes = await model.predict(tensor(bytes, [1, 6, 6, 1]));
    const fromFloats = await model.predict({ data: Float32Array.from(bytes), shape: [1, 6, 6, 1] });
    expect(await fromBytes.data()).toEqual(await fromFloats.data());
  });

  it('builds a model without input layer from the first data', async () => {
    const model = sequential([layers.flatten(), layers.dense({ units: 2 })]);
    const result = await model.predict(pictures);
    expect(result.shape).toEqual([20, 2]);
    expect(model.inputShape).toEqual([6, 6, 1]);
  });
});
