import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { defaultDevice, init, shutdown } from '../../src/gpu/init.js';
import type { FitCallback } from '../../src/nn/callbacks/callback.js';
import type { CompileOptions } from '../../src/nn/compile.js';
import { constraints } from '../../src/nn/constraints.js';
import * as layers from '../../src/nn/layers/index.js';
import { Layer } from '../../src/nn/layer.js';
import type { Model } from '../../src/nn/model.js';
import { metricOf, metrics } from '../../src/nn/metrics.js';
import { optimizers } from '../../src/nn/optimizers.js';
import { schedules } from '../../src/nn/schedules.js';
import { sequential, type Sequential } from '../../src/nn/sequential.js';
import type { FitOptions } from '../../src/nn/train.js';
import { assign, copyInto } from '../../src/nn/update.js';
import { fill } from '../../src/ops/index.js';
import { runKernel } from '../../src/ops/run.js';
import { keep } from '../../src/scope.js';
import type { Shape } from '../../src/shape.js';
import { tensor, type Tensor } from '../../src/tensor.js';
import { asOnSoftwareOf } from '../setup.js';

// Without NaN in new tensors, which are dispatches and submits of their own.
beforeAll(() => init({ log: () => undefined }));
afterAll(shutdown);

const quiet = { verbose: 0 } as const;

function noise(count: number, seed = 1): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1) * seed));
}

const SHAPE = [8, 8, 2] as const;
const x = { data: noise(32 * 128), shape: [32, ...SHAPE] };
const y = Int32Array.from({ length: 32 }, (_, i) => (i * 7) % 3);

/** Everything that is random, that changes from step to step, or that is kept between steps. */
function network(): Sequential {
  return sequential(
    [
      layers.input({ shape: SHAPE }),
      layers.randomFlip(),
      layers.randomRotation({ factor: 0.1 }),
      layers.randomTranslation({ heightFactor: 0.1, widthFactor: [0, 0.2] }),
      layers.randomZoom({ heightFactor: 0.2 }),
      layers.randomContrast({ factor: 0.3, valueRange: [-2, 2] }),
      layers.randomBrightness({ factor: 0.2, valueRange: [-2, 2] }),
      layers.randomCrop({ height: 6, width: 7 }),
      layers.gaussianNoise({ stddev: 0.1 }),
      layers.conv2d({ filters: 4, kernelSize: 3, kernelRegularizer: 'l2' }),
      layers.batchNormalization(),
      layers.spatialDropout2d({ rate: 0.2 }),
      layers.flatten(),
      layers.dropout({ rate: 0.25, seed: 3 }),
      layers.dense({ units: 3, kernelConstraint: constraints.maxNorm(), activation: 'softmax' }),
    ],
    { seed: 9 },
  );
}

function compileOptions(optimizer: CompileOptions['optimizer'], runEagerly: boolean) {
  return {
    ...{ optimizer, runEagerly },
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    weightedMetrics: ['sparseCategoricalCrossentropy'],
  } as const;
}

/** Weights and what the optimizer keeps. */
async function stateOf(model: Model): Promise<Record<string, unknown>> {
  const { optimizer } = model.compiled!;
  const state: Record<string, unknown> = { iterations: optimizer.iterations };
  for (const { name, value } of model.weights) state[name] = await value.data();
  for (const [name, value] of optimizer.state(model.weights)) state[name] = await value.data();
  return state;
}

const classWeight = { 0: 2, 2: 0.5 };

/** Trains the network with and without replay, and expects the same bits. */
async function expectSame(
  makeOptimizer: () => CompileOptions['optimizer'],
  options: FitOptions = {},
  after: (model: Sequential) => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const outcomes = [];
  for (const runEagerly of [true, false]) {
    const model = network();
    model.compile(compileOptions(makeOptimizer(), runEagerly));
    const { counters } = defaultDevice().recorder;
    const { replays } = counters;
    const all = { epochs: 2, batchSize: 8, classWeight, ...quiet, ...options };
    const { history } = await model.fit(x, y, all);
    expect(counters.replays > replays).toBe(!runEagerly);
    const further = await after(model);
    outcomes.push({ history, further, state: await stateOf(model) });
    model.dispose();
  }
  expect(outcomes[1]).toEqual(outcomes[0]);
  for (const values of Object.values(outcomes[0]!.state)) {
    if (values instanceof Float32Array) expect(values.every(Number.isFinite)).toBe(true);
  }
}

/** What happened on the device in the meantime. */
async function counted(work: () => Promise<unknown>) {
  const { recorder, gpu } = defaultDevice();
  await recorder.finish();
  const before = { ...recorder.counters };
  const spies = [vi.spyOn(gpu, 'createBuffer'), vi.spyOn(gpu, 'createBindGroup')] as const;
  await work();
  const [buffers, bindGroups] = spies.map((spy) => spy.mock.calls.length);
  for (const spy of spies) spy.mockRestore();
  const { submits, reads, replays, dispatches } = recorder.counters;
  expect(recorder.counters.bindGroups - before.bindGroups).toBe(bindGroups);
  return {
    ...{ buffers, bindGroups },
    submits: submits - before.submits,
    reads: reads - before.reads,
    replays: replays - before.replays,
    dispatches: dispatches - before.dispatches,
  };
}

describe('replayed steps give the same bits as ordinary ones', () => {
  const decay = { initialLearningRate: 0.1, decaySteps: 2, decayRate: 0.7 };
  const learningRate = schedules.exponentialDecay(decay);
  const common = { weightDecay: 0.01, clipnorm: 0.5 };
  const all: Record<string, () => CompileOptions['optimizer']> = {
    sgd: () => optimizers.sgd({ learningRate, momentum: 0.9, ...common }),
    adam: () => optimizers.adam({ learningRate, amsgrad: true, ...common }),
    adamw: () => optimizers.adamw({ learningRate, globalClipnorm: 0.5 }),
    adamax: () => optimizers.adamax({ learningRate, ...common }),
    nadam: () => optimizers.nadam({ learningRate, ...common }),
    rmsprop: () => optimizers.rmsprop({ learningRate: 0.01, momentum: 0.5, centered: true }),
    adagrad: () => optimizers.adagrad({ learningRate, clipvalue: 0.1 }),
    adadelta: () => optimizers.adadelta({ learningRate, ...common }),
    lion: () => optimizers.lion({ learningRate, ...common }),
  };

  it('covers every optimizer', () => {
    expect(Object.keys(all).sort()).toEqual(Object.keys(optimizers).sort());
  });

  for (const [name, make] of Object.entries(all)) {
    it(name, () => expectSame(make));
  }

  it('with a smaller last batch, validation and a callback', async () => {
    const onEpochEnd: FitCallback['onEpochEnd'] = (_, __, run) => {
      run.optimizer.learningRate /= 2;
    };
    await expectSame(all['rmsprop']!, {
      ...{ epochs: 3, batchSize: 9, validationSplit: 0.25, callbacks: [{ onEpochEnd }] },
    });
  });
  /** Does something after step number 3. */
  const afterStep3 = (change: (model: Model) => void): FitOptions => ({
    epochs: 3,
    callbacks: [
      {
        onBatchEnd: (_, { model, optimizer }) => {
          if (optimizer.iterations === 4) change(model);
        },
      },
    ],
  });

  const changes: Record<string, (model: Model) => void> = {
    'another learning rate': (model) => (model.compiled!.optimizer.learningRate = 0.3),
    'a frozen convolution': (model) => (model.getLayer('conv2d').trainable = false),
    'frozen batch normalization': (model) =>
      (model.getLayer('batch_normalization').trainable = false),
    'other weights': (model) => {
      for (const { value } of model.weights) assign(value, noise(value.size, 4).map(Math.abs));
    },
    'an optimizer without memory': (model) => model.compiled!.optimizer.dispose(),
  };
  for (const [name, change] of Object.entries(changes)) {
    it(`with ${name} after a step`, async () => {
      await expectSame(() => optimizers.sgd({ momentum: 0.9 }), afterStep3(change));
    });
  }

  it('in predictions, when weights and shapes change', async () => {
    await expectSame(
      () => 'adam',
      {},
      async (model) => {
        const results = [];
        for (const count of [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 3, 8, 3, 3, 3, 8]) {
          const y = await model.predict({
            data: noise(count * 128, count),
            shape: [count, ...SHAPE],
          });
          results.push(await y.data());
          y.dispose();
          // Positive, as variances are.
          const { value } = model.weights[results.length % model.weights.length]!;
          assign(
            value,
            noise(value.size, 1 + results.length).map((v) => 0.1 + v ** 2),
          );
        }
        const input = tensor(x.data, x.shape);
        const all = await model.predict(input, { batchSize: 7 });
        results.push(await all.data());
        for (const t of [input, all]) t.dispose();
        return results;
      },
    );
  });

  it('in every metric', async () => {
    const { meanIoU, oneHotMeanIoU, ...others } = metrics;
    const names = Object.keys(others) as (keyof typeof others)[];
    const isSparse = (name: string): boolean => name.startsWith('sparse');
    const row = names.filter((name) => !isSparse(name)).map((name) => metricOf(name));
    const sparse = names.filter(isSparse).map((name) => metricOf(name));
    row.push(oneHotMeanIoU({ numClasses: 3 }));
    sparse.push(meanIoU({ numClasses: 3, sparseYPred: false }));
    const oneHot = {
      data: [...y].flatMap((k) => [0, 1, 2].map((c) => +(c === k))),
      shape: [32, 3],
    };
    for (const [targets, loss, list] of [
      [oneHot, 'categoricalCrossentropy', row],
      [y, 'sparseCategoricalCrossentropy', sparse],
    ] as const) {
      const results = [];
      for (const runEagerly of [true, false]) {
        const model = network();
        model.compile({ optimizer: 'sgd', loss, metrics: list, runEagerly });
        results.push(await model.evaluate(x, targets, { batchSize: 4, ...quiet }));
        model.dispose();
      }
      expect(Object.keys(results[0]!)).toHaveLength(1 + list.length);
      expect(results[1]).toEqual(results[0]);
    }
  });

  it('when it was compiled again', async () => {
    await expectSame(
      () => 'sgd',
      {},
      async (model) => {
        const { runEagerly } = model.compiled!;
        model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', runEagerly });
        return (await model.fit(x, y, { epochs: 2, batchSize: 8, ...quiet })).history;
      },
    );
  });
});

/** Adds a counter to its input: it is made in call number `first`, and counts the runs. */
class Counting extends Layer {
  override readonly className = 'Counting';
  calls = 0;
  private count: Tensor | undefined;

  constructor(private readonly first: number) {
    super();
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(x: Tensor): Tensor {
    if (++this.calls < this.first) return x;
    this.count ??= keep(fill([], 0));
    copyInto(this.count, this.count.add(1));
    return x.add(this.count);
  }
}

describe.each([
  { vendor: 'google', mostCalls: 2 },
  { vendor: 'mesa', mostCalls: 1 },
])('on a software driver of $vendor', ({ vendor, mostCalls }) => {
  let undo: () => void;
  beforeAll(() => void (undo = asOnSoftwareOf(vendor)));
  afterAll(() => undo());

  it('does not make again what a layer keeps', async () => {
    for (const first of [1, 2, 3]) {
      const counting = new Counting(first);
      const model = sequential([layers.input({ shape: [1] }), counting]);
      const seen = [];
      for (let i = 0; i < 6; i++) {
        const y = await model.predict({ data: [0], shape: [1, 1] });
        seen.push(await y.item());
        y.dispose();
      }
      // Call number 3 is never made: layers run for two batches at most, as docs/training.md says.
      const counts = seen.map((_, i) => (first > mostCalls ? 0 : Math.max(0, i + 2 - first)));
      expect(seen).toEqual(counts);
      expect(counting.calls).toBeLessThan(6);
    }
  });

  describe('a replayed step', () => {
    it('is one submit; makes no buffer and no bind group, calls no layer, reads nothing', async () => {
      const model = network();
      model.compile(compileOptions('adam', false));
      const calls = vi.spyOn(model.getLayer('dense'), 'call');
      const steps: Awaited<ReturnType<typeof counted>>[] = [];
      let ended: (() => void) | undefined;
      let counting: Promise<unknown> = Promise.resolve();
      await model.fit(x, y, {
        ...quiet,
        batchSize: 8,
        callbacks: [
          {
            onBatchEnd: async (batch) => {
              ended?.();
              await counting;
              if (batch === 3) return;
              counting = counted(() => new Promise<void>((resolve) => (ended = resolve))).then(
                (counts) => steps.push(counts),
              );
              await defaultDevice().recorder.finish();
            },
          },
        ],
      });
      expect(calls).toHaveBeenCalledTimes(mostCalls);
      expect(steps).toHaveLength(3);
      const [second, ...others] = steps;
      expect(second!.replays).toBe(1);
      for (const step of others) {
        expect(step).toMatchObject({ submits: 1, replays: 1, reads: 0, buffers: 0, bindGroups: 0 });
        expect(step.dispatches).toBeGreaterThan(40);
      }
      calls.mockRestore();
      model.dispose();
    });

    it('evaluates alike', async () => {
      const model = network();
      model.compile(compileOptions('adam', false));
      const calls = vi.spyOn(model.getLayer('dense'), 'call');
      const { replays } = await counted(() => model.evaluate(x, y, { batchSize: 8, ...quiet }));
      expect(replays).toBe(3);
      expect(calls).toHaveBeenCalledTimes(2);
      calls.mockRestore();
      model.dispose();
    });

    it('calls layers every time where the model is compiled to', async () => {
      const model = network();
      model.compile(compileOptions('adam', true));
      const calls = vi.spyOn(model.getLayer('dense'), 'call');
      const { replays } = await counted(async () => {
        await model.fit(x, y, { batchSize: 8, ...quiet });
        (await model.predict(x, { batchSize: 8 })).dispose();
      });
      expect(replays).toBe(0);
      expect(calls).toHaveBeenCalledTimes(8);
      calls.mockRestore();
      model.dispose();
    });

    it('leaves no bytes behind, nor when it is aborted or a callback throws', async () => {
      const { memory } = defaultDevice();
      const model = network();
      model.compile(compileOptions('adam', false));
      await model.fit(x, y, { batchSize: 8, ...quiet });
      const { liveBytes, liveStorages } = memory.info();
      const abort = new AbortController();
      const broken = {
        abort: () => abort.abort(),
        throw: () => {
          throw new Error('from a callback');
        },
      };
      for (const stop of Object.values(broken)) {
        const onBatchEnd = (batch: number): void => {
          if (batch === 2) stop();
        };
        const options = { batchSize: 8, callbacks: [{ onBatchEnd }], ...quiet };
        await expect(model.fit(x, y, { ...options, signal: abort.signal })).rejects.toThrow();
      }
      await model.fit(x, y, { batchSize: 8, ...quiet });
      expect(memory.info()).toMatchObject({ liveBytes, liveStorages });
      model.dispose();
    });
  });

  describe('what goes wrong', () => {
    it('in a layer, while a step is captured, rejects and leaves no bytes behind', async () => {
      const model = network();
      model.compile(compileOptions('adam', false));
      await model.fit(x, y, { batchSize: 8, ...quiet });
      const { liveBytes, liveStorages } = defaultDevice().memory.info();
      const dense = model.getLayer('dense');
      const call = dense.call.bind(dense);
      const spy = vi.spyOn(dense, 'call').mockImplementation((...args) => {
        if (spy.mock.calls.length === 2) throw new Error('from a layer');
        return call(...args);
      });
      await expect(model.fit(x, y, { batchSize: 8, ...quiet })).rejects.toThrow('from a layer');
      spy.mockRestore();
      expect(defaultDevice().memory.info()).toMatchObject({ liveBytes, liveStorages });
      await model.fit(x, y, { batchSize: 8, ...quiet });
      model.dispose();
    });

    it('on the GPU rejects what replayed steps make of it, until there are good weights', async () => {
      const model = network();
      model.compile(compileOptions('adam', false));
      const { kernels } = defaultDevice();
      const kernel = model.weights[0]!.value;
      const values = (await kernel.data()) as Float32Array;
      const damage = (): void => {
        const text = `
        @group(0) @binding(0) var<storage, read_write> w: array<f32>;
        @compute @workgroup_size(1) fn main() { w[0] = no_such_function(1.0); }`;
        runKernel('broken', kernels.fromText('my_kernel', text), { w: kernel }, {}, 1);
      };
      const onBatchEnd = (batch: number): void => {
        if (batch === 2) damage();
      };
      const fit = model.fit(x, y, { batchSize: 8, callbacks: [{ onBatchEnd }], ...quiet });
      await expect(fit).rejects.toThrow('kernel my_kernel');
      await expect(kernel.data()).rejects.toThrow('kernel my_kernel');
      await expect(model.weights.at(-1)!.value.data()).rejects.toThrow('kernel my_kernel');

      const good = network();
      const again = good.weights[0]!.value;
      const predict = async (): Promise<Float32Array> => {
        const y = await good.predict(x);
        return (await y.data().finally(() => y.dispose())) as Float32Array;
      };
      const expected = [await predict(), await predict(), await predict()][0];
      copyInto(again, kernel);
      await expect(predict()).rejects.toThrow('kernel my_kernel');
      assign(again, values);
      expect(await predict()).toEqual(expected);
      for (const each of [model, good]) each.dispose();
    });
  });

  describe('a replayed prediction', () => {
    it('is one submit and one read, and makes no buffer and no bind group', async () => {
      const model = network();
      const input = tensor(x.data, x.shape);
      const predict = async (from: typeof x | typeof input): Promise<void> => {
        const y = await model.predict(from);
        await y.data();
        y.dispose();
      };
      for (const from of [x, input]) {
        for (let i = 0; i < 3; i++) await predict(from);
        const { memory } = defaultDevice();
        const before = memory.info();
        expect(await counted(() => predict(from))).toMatchObject({
          ...{ submits: 1, reads: 1, replays: 1, buffers: 0, bindGroups: 0 },
        });
        expect(memory.info()).toEqual(before);
      }
      input.dispose();
      model.dispose();
    });

    it('makes of weights what it needs once, and again when they have changed', async () => {
      const model = network();
      const predict = async (): Promise<void> => (await model.predict(x)).dispose();
      const dispatches = async (): Promise<number> => (await counted(predict)).dispatches;
      for (let i = 0; i < 2; i++) await predict();
      const less = await dispatches();
      // Filters of two channels and a matrix of three columns are packed, averages become a factor and a term.
      const all = less + 3;
      expect(await dispatches()).toBe(less);
      for (const name of ['conv2d/kernel', 'batch_normalization/moving_mean']) {
        const { value } = model.weights.find((weight) => weight.name === name)!;
        assign(value, new Float32Array(value.size));
        expect(await dispatches()).toBe(all);
        expect(await dispatches()).toBe(less);
      }
      model.dispose();
    });

    it('keeps one plan, of the shape that came twice in a row', async () => {
      const model = network();
      const predict = (count: number) => async () => {
        (await model.predict({ data: noise(count * 128), shape: [count, ...SHAPE] })).dispose();
      };
      const replays = [];
      for (const count of [4, 4, 4, 2, 4, 2, 4, 2, 2, 4, 2, 4, 4]) {
        replays.push((await counted(predict(count))).replays);
      }
      expect(replays).toEqual([2 - mostCalls, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
      const { bufferBytes } = defaultDevice().memory.info();
      for (let i = 0; i < 6; i++) for (const count of [4, 4, 2, 2]) await predict(count)();
      expect(defaultDevice().memory.info().bufferBytes).toBe(bufferBytes);
      model.dispose();
    });
  });
});
