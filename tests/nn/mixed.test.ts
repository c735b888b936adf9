import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice, init, shutdown } from '../../src/gpu/init.js';
import { digits } from '../../src/io/datasets/digits.js';
import type { FitCallback } from '../../src/nn/callbacks/index.js';
import type { CompileOptions } from '../../src/nn/compile.js';
import * as layers from '../../src/nn/layers/index.js';
import { optimizers, type Optimizer, type OptimizerName } from '../../src/nn/optimizers.js';
import type { Snapshot } from '../../src/nn/run.js';
import { input, model as functional } from '../../src/nn/functional.js';
import type { Layer } from '../../src/nn/layer.js';
import { sequential, type Sequential } from '../../src/nn/sequential.js';
import { cast } from '../../src/ops/index.js';
import { withPrecision } from '../../src/precision.js';
import { scope } from '../../src/scope.js';
import { tensor } from '../../src/tensor.js';
import { assign } from '../../src/nn/update.js';
import { openMixed } from '../setup.js';
import { wave } from './wave.js';

beforeAll(() => openMixed('float32'));
afterAll(shutdown);

const SAMPLES = 24;
const x = { data: wave([SAMPLES, 6, 6, 1], 1), shape: [SAMPLES, 6, 6, 1] };
const y = Int32Array.from({ length: SAMPLES }, (_, i) => (i * 7) % 3);
const options = { batchSize: 4, shuffle: false, verbose: 0 } as const;

function net(
  optimizer: Optimizer | OptimizerName,
  precision: CompileOptions['precision'] = 'mixed',
  seed = 3,
): Sequential {
  const model = sequential(
    [
      layers.input({ shape: [6, 6, 1] }),
      layers.conv2d({ filters: 4, kernelSize: 3, useBias: false }),
      layers.batchNormalization(),
      layers.reLU(),
      layers.flatten(),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
    { seed },
  );
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', precision });
  return model;
}

type Values = Readonly<Record<string, readonly number[]>>;

async function valuesOf(model: Sequential): Promise<Values> {
  const entries = [
    ...model.weights.map(({ name, value }) => [name, value] as const),
    ...model.compiled!.optimizer.state(model.weights),
  ];
  const values = entries.map(async ([name, t]) => [name, [...(await t.data())]] as const);
  return Object.fromEntries(await Promise.all(values));
}

async function lossScaleOf(model: Sequential): Promise<number[]> {
  const values = [...model.compiled!.lossScale.state().values()].map((each) => each.item());
  return Promise.all(values);
}

/** Without the averages of batch normalization, which every forward pass moves. */
function learned(values: Values): [string, readonly number[]][] {
  return Object.entries(values).filter(([name]) => !name.includes('moving'));
}

describe('a step whose gradients overflow', () => {
  it.each([
    'sgd',
    'rmsprop',
    'adam',
    'adamw',
    'adagrad',
    'adadelta',
    'adamax',
    'nadam',
    'lion',
  ] as const)('changes nothing, and training goes on: %s', async (name) => {
    const model = net(optimizers[name]({ learningRate: 0.01 }));
    const { lossScale } = model.compiled!;
    await model.fit(x, y, options);
    const before = await valuesOf(model);
    expect(await lossScaleOf(model)).toEqual([32768, 6]);
    assign(lossScale.scale, Float32Array.of(2 ** 100));
    await model.fit(x, y, options);
    expect(learned(await valuesOf(model))).toEqual(learned(before));
    expect(await lossScaleOf(model)).toEqual([2 ** 94, 0]);
    assign(lossScale.scale, Float32Array.of(1024));
    await model.fit(x, y, options);
    for (const [key, values] of learned(await valuesOf(model))) {
      expect(values, key).not.toEqual(before[key]);
      expect(values.every(Number.isFinite), key).toBe(true);
    }
    expect(await lossScaleOf(model)).toEqual([1024, 6]);
    model.dispose();
  });

  it('is not counted where momentum, clipping and averages are kept', async () => {
    const many = [
      optimizers.sgd({ learningRate: 0.01, momentum: 0.9, nesterov: true, clipvalue: 0.1 }),
      optimizers.rmsprop({ learningRate: 0.01, momentum: 0.9, centered: true, clipnorm: 0.1 }),
      optimizers.adam({ learningRate: 0.01, amsgrad: true, weightDecay: 0.1, globalClipnorm: 0.1 }),
    ];
    for (const optimizer of many) {
      const model = net(optimizer);
      await model.fit(x, y, options);
      const before = await valuesOf(model);
      assign(model.compiled!.lossScale.scale, Float32Array.of(2 ** 100));
      await model.fit(x, y, options);
      expect(learned(await valuesOf(model))).toEqual(learned(before));
      model.dispose();
    }
  });

  it('may come from activations, when it is replayed, and leaves averages finite', async () => {
    const data = x.data.slice();
    // The fourth batch.
    data.fill(1e6, 12 * 36, 16 * 36);
    const model = net('adam');
    const scales: number[][] = [];
    const before: Values[] = [];
    const watch: FitCallback = {
      onBatchEnd: async () => {
        scales.push(await lossScaleOf(model));
        before.push(await valuesOf(model));
      },
    };
    await model.fit({ ...x, data }, y, { ...options, callbacks: [watch] });
    const [, , third, fourth, fifth] = before;
    expect(learned(fourth!)).toEqual(learned(third!));
    expect(learned(fifth!)).not.toEqual(learned(fourth!));
    expect(Object.values(before.at(-1)!).flat().every(Number.isFinite)).toBe(true);
    expect(scales.slice(2)).toEqual([
      [32768, 3],
      [16384, 0],
      [16384, 1],
      [16384, 2],
    ]);
    model.dispose();
  });
});

describe('the loss scale', () => {
  it('doubles after 2,000 good steps in a row', async () => {
    const model = net('sgd');
    const steps = model.compiled!.lossScale.state().get('steps')!;
    assign(steps, Int32Array.of(1995));
    const seen: number[][] = [];
    const watch: FitCallback = { onBatchEnd: async () => void seen.push(await lossScaleOf(model)) };
    await model.fit(x, y, { ...options, callbacks: [watch] });
    expect(seen.slice(3)).toEqual([
      [32768, 1999],
      [65536, 0],
      [65536, 1],
    ]);
    model.dispose();
  });

  it('keeps small gradients from being rounded to 0', async () => {
    // Gradients of about 1e-8 are 0 in float16.
    const change = async (precision: 'float32' | 'mixed'): Promise<number[]> => {
      const model = sequential(
        [layers.input({ shape: [4] }), layers.dense({ units: 2 }), layers.dense({ units: 1 })],
        { seed: 8 },
      );
      model.compile({
        ...{ optimizer: optimizers.sgd({ learningRate: 1e6 }), loss: 'meanSquaredError' },
        ...{ precision, lossWeights: 1e-8 },
      });
      const [kernel] = model.weights;
      const before = await kernel!.value.data();
      const inputs = { data: wave([4, 4], 5), shape: [4, 4] };
      await model.fit(inputs, { data: wave([4, 1], 6), shape: [4, 1] }, options);
      const after = await kernel!.value.data();
      model.dispose();
      return [...after].map((value, i) => value - before[i]!);
    };
    const [exact, mixed] = [await change('float32'), await change('mixed')];
    exact.forEach((value, i) => {
      expect(value).not.toBe(0);
      expect(Math.abs(mixed[i]! / value - 1)).toBeLessThan(0.02);
    });
  });

  it('is taken out before gradients are clipped', async () => {
    for (const clip of [{}, { clipnorm: 0.05 }, { globalClipnorm: 0.05 }, { clipvalue: 0.01 }]) {
      const [exact, mixed] = await Promise.all(
        (['float32', 'mixed'] as const).map(async (precision) => {
          const model = net(optimizers.sgd({ learningRate: 0.1, ...clip }), precision);
          await model.fit(x, y, options);
          const values = await valuesOf(model);
          model.dispose();
          return Object.values(values).flat();
        }),
      );
      const worst = Math.max(...exact!.map((value, i) => Math.abs(value - mixed![i]!)));
      expect(worst).toBeLessThan(1e-4);
      expect(worst).toBeGreaterThan(0);
    }
  });

  it('is part of a snapshot: a training that is resumed has the same bits', async () => {
    const data = x.data.slice();
    data.fill(1e6, 4 * 36, 8 * 36);
    const all = { ...options, epochs: 3, seed: 4 };
    const broken = { ...x, data };
    const whole = net('adam');
    await whole.fit(broken, y, all);
    const taken: Snapshot[] = [];
    const take: FitCallback = {
      onBatchEnd: async (batch, run) => {
        if (run.epoch === 1 && batch === 2) taken.push(await run.snapshot());
      },
    };
    const first = net('adam');
    await first.fit(broken, y, { ...all, epochs: 2, callbacks: [take] });
    expect(taken[0]!.tensors.get('lossScale/scale')).toEqual(Float32Array.of(8192));
    expect(taken[0]!.tensors.get('lossScale/steps')).toEqual(Int32Array.of(1));
    const second = net('adam', 'mixed', 99);
    const resume: FitCallback = { onTrainBegin: (run) => run.resumeFrom(taken[0]!) };
    await second.fit(broken, y, { ...all, callbacks: [resume] });
    expect(Object.values(await valuesOf(second))).toEqual(Object.values(await valuesOf(whole)));
    expect(await lossScaleOf(second)).toEqual(await lossScaleOf(whole));
    const other = net('adam', 'float32').fit(x, y, { ...all, callbacks: [resume] });
    await expect(other).rejects.toThrow('does not fit this training');
    for (const model of [whole, first, second]) model.dispose();
  });
});

describe('a training in mixed precision', () => {
  it('has the same bits each time, replayed or not, and leaves nothing behind', async () => {
    const { memory } = defaultDevice();
    const { liveBytes } = memory.info();
    const results = [];
    for (const runEagerly of [false, false, true]) {
      const model = net('adam');
      const { optimizer } = model.compiled!;
      const loss = 'sparseCategoricalCrossentropy';
      model.compile({ optimizer, loss, precision: 'mixed', runEagerly });
      const { history } = await model.fit(x, y, { ...options, epochs: 2 });
      results.push({ history, values: Object.values(await valuesOf(model)) });
      model.dispose();
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    expect(memory.info().liveBytes).toBe(liveBytes);
  });

  it('is replayed, in one submit a step, and reads nothing', async () => {
    const { counters } = defaultDevice().recorder;
    const seen: { replays: number; submits: number; reads: number }[] = [];
    const watch: FitCallback = {
      onBatchEnd: () => {
        const { replays, submits, reads } = counters;
        seen.push({ replays, submits, reads });
      },
    };
    const model = net('adam');
    await model.fit(x, y, { ...options, callbacks: [watch] });
    seen.slice(2).forEach(({ replays, submits, reads }, i) => {
      const last = seen[i + 1]!;
      expect(replays - last.replays).toBe(1);
      expect(submits - last.submits).toBe(1);
      expect(reads - last.reads).toBe(0);
    });
    model.dispose();
  });

  it('is asked for by init, for all models that do not say', async () => {
    const predicted = async (precision: CompileOptions['precision']): Promise<number[]> => {
      const model = net('adam', precision);
      using result = await model.predict(x);
      model.dispose();
      return [...(await result.data())];
    };
    const [exact, mixed] = [await predicted('float32'), await predicted('mixed')];
    expect(mixed).not.toEqual(exact);
    await init({ precision: 'mixed' });
    const model = net('adam');
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    using implied = await model.predict(x);
    expect([...(await implied.data())]).toEqual(mixed);
    expect(await predicted('float32')).toEqual(exact);
    await model.fit(x, y, options);
    expect(await lossScaleOf(model)).toEqual([32768, 6]);
    await init({ precision: 'float32' });
    using again = await model.predict(x);
    expect(model.isMixed).toBe(false);
    expect([...(await again.data())].every(Number.isFinite)).toBe(true);
    model.dispose();
  });

  const hasFloat16 = (): boolean => defaultDevice().gpu.features.has('shader-f16');

  it('stores what convolutions make as float16, and gives results in float32', (context) => {
    context.skip(!hasFloat16(), 'this adapter has no float16');
    const conv = layers.conv2d({ filters: 4, kernelSize: 3 });
    const dense = layers.dense({ units: 3 });
    const types: string[] = [];
    const model = sequential([
      ...[layers.input({ shape: [6, 6, 1] }), conv, layers.batchNormalization(), layers.reLU()],
      ...[layers.globalAveragePooling2d(), dense],
    ]);
    const head = sequential([layers.input({ shape: [6, 6, 1] }), conv]);
    using pictures = tensor(x.data, x.shape);
    scope(() => {
      withPrecision('mixed', () => {
        types.push(
          conv.call(pictures).dtype,
          dense.call(cast(tensor([[1, 2, 3, 4]]), 'float16')).dtype,
        );
        types.push(model.call(pictures).dtype, head.call(pictures).dtype);
      });
      types.push(conv.call(pictures).dtype);
      const half = cast(pictures, 'float16');
      for (const noiseShape of [null, [null, 1, 1, 1]]) {
        types.push(layers.dropout({ rate: 0.5, noiseShape }).call(half, { training: true }).dtype);
      }
    });
    expect(types.slice(0, 5)).toEqual(['float16', 'float32', 'float32', 'float32', 'float32']);
    expect(types.slice(5)).toEqual(['float16', 'float16']);
    const widths = model.layers.map(({ name }) => model.outputsOf(pictures, name).dtype);
    expect(new Set(widths)).toEqual(new Set(['float32']));
    const image = input({ shape: [6, 6, 1] });
    const maps = conv.apply(image);
    const twins = functional({
      inputs: image,
      outputs: [maps, layers.dropout({ rate: 0.5 }).apply(maps)],
    });
    const [first, second] = scope(() => withPrecision('mixed', () => twins.callAll([pictures])));
    expect([first!.dtype, second!.dtype]).toEqual(['float32', 'float32']);
    for (const each of [model, head, first!, second!]) each.dispose();
  });

  it('takes less memory for it', async (context) => {
    context.skip(!hasFloat16(), 'this adapter has no float16');
    const peakOf = async (precision: 'float32' | 'mixed'): Promise<number> => {
      const shape = [32, 32, 16];
      const parts = (): Layer[] => [
        layers.batchNormalization(),
        layers.reLU(),
        layers.conv2d({ filters: 16, kernelSize: 1 }),
      ];
      const model = sequential([
        layers.input({ shape }),
        ...parts(),
        ...parts(),
        ...parts(),
        layers.globalAveragePooling2d(),
      ]);
      model.compile({ optimizer: 'sgd', loss: 'meanSquaredError', precision });
      const { memory } = defaultDevice();
      const before = memory.info().liveBytes;
      await model.fit(
        { data: wave([8, ...shape], 2), shape: [8, ...shape] },
        { data: wave([8, 16], 3), shape: [8, 16] },
        { batchSize: 8, epochs: 1, verbose: 0 },
      );
      model.dispose();
      return memory.info().peakBytes - before;
    };
    // In this order: the larger peak comes last.
    const [mixed, exact] = [await peakOf('mixed'), await peakOf('float32')];
    expect(mixed).toBeLessThan(0.7 * exact);
  });

  it('refuses other names', () => {
    const wrong = (): Sequential => net('adam', 'float16' as 'mixed');
    expect(wrong).toThrow("compile: precision must be 'float32' or 'mixed', got \"float16\"");
  });
});

describe('the digits', () => {
  it('are told apart as well as in float32, within 0.1 % of the pictures', async () => {
    const { train, test } = await digits();
    const samples = { data: train.x, shape: train.shape };
    const trained = async (precision: 'float32' | 'mixed'): Promise<Sequential> => {
      const model = sequential(
        [
          layers.input({ shape: [8, 8, 1] }),
          layers.conv2d({ filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' }),
          layers.maxPooling2d(),
          layers.conv2d({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' }),
          layers.flatten(),
          layers.dense({ units: 10, activation: 'softmax' }),
        ],
        { seed: 1 },
      );
      const loss = 'sparseCategoricalCrossentropy';
      model.compile({ optimizer: 'adam', loss, metrics: ['accuracy'], precision });
      await model.fit(samples, train.y, { epochs: 12, verbose: 0 });
      return model;
    };
    // All of them: one of the 360 for tests would be 0.3 %.
    const count = train.y.length + test.y.length;
    const pictures = { data: Float32Array.of(...train.x, ...test.x), shape: [count, 8, 8, 1] };
    const classes = Int32Array.of(...train.y, ...test.y);
    const accuracyOf = async (model: Sequential): Promise<number> =>
      (await model.evaluate(pictures, classes, { verbose: 0 })).accuracy!;
    const exact = await trained('float32');
    const mixed = await trained('mixed');
    const accuracies = [await accuracyOf(exact), await accuracyOf(mixed)];
    const compiled = { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' } as const;
    exact.compile({ ...compiled, metrics: ['accuracy'], precision: 'mixed' });
    accuracies.push(await accuracyOf(exact));
    const [own, ...others] = accuracies;
    for (const other of others) expect(Math.abs(other - own!)).toBeLessThanOrEqual(0.001);
    expect(own).toBeGreaterThan(0.95);
  });
});
