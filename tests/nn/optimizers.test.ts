import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { defaultDevice, memoryInfo, shutdown } from '../../src/gpu/init.js';
import type { Weight } from '../../src/nn/layer.js';
import { Optimizer, optimizerOf, optimizers } from '../../src/nn/optimizers.js';
import { schedules } from '../../src/nn/schedules.js';
import { tensor } from '../../src/tensor.js';
import keras from '../fixtures/keras-training.json' with { type: 'json' };
import { asOnGpu, openGpu } from '../setup.js';
import { expectClose, fromKeras, toKeras, withoutAbsent } from './keras.js';

beforeAll(openGpu);
afterAll(shutdown);

const { weights: start, gradients, cases, defaults } = keras.optimizers;

function weightOf(values: readonly number[] | Float32Array, trainable = true): Weight {
  return { name: 'dense/kernel', value: tensor([...values], [values.length]), trainable };
}

function step(optimizer: Optimizer, weight: Weight, gradient: readonly number[]): void {
  weight.value.grad = tensor(gradient, weight.value.shape);
  optimizer.apply([weight]);
  expect(weight.value.grad).toBeUndefined();
}

describe("optimizers follow Keras's trajectories, and keep what Keras keeps", () => {
  for (const { className, config, steps, variables } of cases) {
    it(`${className} ${JSON.stringify(config)}`, async () => {
      const optimizer = optimizerOf(fromKeras(className, config));
      const weights = Object.entries(start).map(([name, values]) => {
        return { name, value: tensor(values), trainable: true };
      });
      for (const [t, expected] of steps.entries()) {
        weights.forEach(({ value }, i) => (value.grad = tensor(gradients[t]![i]!)));
        optimizer.apply(weights);
        for (const [i, { name, value }] of weights.entries()) {
          expectClose(await value.data(), expected[i]!, `${name} after step ${t}`);
        }
      }
      const state = [...optimizer.state(weights)];
      expect(state.length).toBe(variables.length);
      for (const [i, [name, value]] of state.entries()) {
        const { path, values } = variables[i]!;
        expect(path).toBe(name === 'u_product' ? path : name.replaceAll('/', '_'));
        expectClose(await value.data(), values, name);
      }
      const skipped = 'learning_rate' in config && typeof config.learning_rate === 'object' ? 1 : 2;
      expect(optimizer.countParams(weights)).toBe(
        skipped + variables.reduce((count, { values }) => count + values.length, 0),
      );
      for (const { value } of weights) value.dispose();
      optimizer.dispose();
    });
  }
});

const ABSENT = {
  name: '',
  use_ema: false,
  ema_momentum: 0.99,
  ema_overwrite_frequency: null,
  loss_scale_factor: null,
  gradient_accumulation_steps: null,
};

describe('the configuration', () => {
  for (const [className, config] of Object.entries(defaults)) {
    it(`of ${className} is Keras's`, () => {
      const own = optimizerOf(className as 'adam').getConfig();
      expect(own.className).toBe(className);
      expect(toKeras(own)).toEqual(withoutAbsent(config, ABSENT));
      const copy = JSON.parse(JSON.stringify(own)) as typeof own;
      expect(optimizerOf(copy).getConfig()).toEqual(own);
    });
  }

  it('holds the schedule, or the learning rate of now', () => {
    const learningRate = schedules.exponentialDecay({
      initialLearningRate: 0.5,
      decaySteps: 2,
      decayRate: 0.1,
    });
    const scheduled = optimizers.sgd({ learningRate, momentum: 0.5 });
    const { config } = scheduled.getConfig();
    expect(config['learningRate']).toEqual(learningRate.getConfig());
    expect(optimizerOf(scheduled.getConfig()).getConfig()).toEqual(scheduled.getConfig());
    const fixed = optimizers.sgd();
    fixed.learningRate = 0.25;
    expect(fixed.getConfig().config['learningRate']).toBe(0.25);
  });
});

describe('many weights at a time, as on a GPU, have the same bits as one after the other', () => {
  let undo: () => void;
  beforeAll(() => (undo = asOnGpu()));
  afterAll(() => undo());

  const sizes = [1, 70_000, 3, 4, 1000, 5, 16, 17, 4, 63, 70_001, 1, 257, 2, 8, 31];
  const values = (size: number, seed: number): Float32Array =>
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * 0.7 + seed));

  /** Weights after two steps, and what the optimizer keeps. */
  async function trained(optimizer: Optimizer, groups: readonly Weight[][]): Promise<Buffer[]> {
    const weights = groups.flat();
    for (const t of [0, 1]) {
      weights.forEach(({ value }, i) => (value.grad = tensor(values(value.size, i + t))));
      for (const group of groups) optimizer.update(group);
      optimizer.iterations++;
    }
    const kept = [...weights.map(({ value }) => value), ...optimizer.state(weights).values()];
    const bits = await Promise.all(kept.map(async (t) => Buffer.from((await t.data()).buffer)));
    for (const { value } of weights) value.dispose();
    optimizer.dispose();
    return bits;
  }

  // The norm of all, and Nadam's product of momentums, are those of the weights that are updated together.
  const together = cases.filter(
    ({ className, config }) => !('global_clipnorm' in config) && className !== 'Nadam',
  );
  for (const { className, config } of together) {
    it(`${className} ${JSON.stringify(config)}`, async () => {
      const made = (): Weight[] =>
        sizes.map((size, i) => ({ ...weightOf(values(size, -i)), name: `weight ${i}` }));
      const one = await trained(
        optimizerOf(fromKeras(className, config)),
        made().map((w) => [w]),
      );
      const dispatches = vi.spyOn(defaultDevice().recorder, 'dispatch');
      const all = await trained(optimizerOf(fromKeras(className, config)), [made()]);
      const names = dispatches.mock.calls.map(([{ kernel }]) => kernel.name);
      const updates = names.filter((name) => name.startsWith('optimizer'));
      expect(updates.length).toBeLessThan(2 * sizes.length);
      dispatches.mockRestore();
      expect(all.map((bytes, i) => bytes.equals(one[i]!))).toEqual(all.map(() => true));
    });
  }
});

describe('optimizers', () => {
  it('work in windows above the binding limit, to the same bits', async () => {
    const device = defaultDevice();
    const before = device.bindingLimit;
    const values = Float32Array.from({ length: 5003 }, (_, i) => Math.sin(i));
    const gradient = [...values].map((value) => value / 3);
    const train = async (optimizer: Optimizer): Promise<Float32Array> => {
      const weight = weightOf(values);
      for (let i = 0; i < 2; i++) step(optimizer, weight, gradient);
      return (await weight.value.data()) as Float32Array;
    };
    for (const name of Object.keys(optimizers) as (keyof typeof optimizers)[]) {
      const make = (): Optimizer => optimizers[name]({ clipnorm: 0.5, weightDecay: 0.1 });
      const whole = await train(make());
      device.bindingLimit = 16384;
      const windowed = await train(make());
      device.bindingLimit = before;
      expect(windowed, name).toEqual(whole);
    }
  });

  it('leave frozen weights, and those without a gradient', async () => {
    const optimizer = optimizers.adam({ globalClipnorm: 1 });
    const frozen = weightOf([1, 2], false);
    step(optimizer, frozen, [5, 5]);
    optimizer.apply([weightOf([1])]);
    expect(await frozen.value.data()).toEqual(new Float32Array([1, 2]));
    expect(optimizer.iterations).toBe(2);
  });

  it('clip gradients of zero and leave them zero', async () => {
    for (const options of [{ clipnorm: 1 }, { globalClipnorm: 1 }]) {
      const weight = weightOf([1, 2]);
      step(optimizers.sgd(options), weight, [0, 0]);
      expect(await weight.value.data()).toEqual(new Float32Array([1, 2]));
    }
  });

  it('keep nothing but their state', async () => {
    const optimizer = optimizers.nadam({ globalClipnorm: 1 });
    const weight = weightOf([1, 2]);
    await weight.value.data();
    const before = memoryInfo().liveStorages;
    for (let i = 0; i < 3; i++) step(optimizer, weight, [1, -1]);
    const state = optimizer.state([weight]);
    expect([...state.keys()]).toEqual([
      'dense/kernel/momentum',
      'dense/kernel/velocity',
      'u_product',
    ]);
    expect(memoryInfo().liveStorages).toBe(before + 3);
    optimizer.dispose();
    expect(memoryInfo().liveStorages).toBe(before);
  });

  it('read a schedule before the step, and do not let it be set', () => {
    const learningRate = schedules.piecewiseConstantDecay({ boundaries: [0], values: [1, 2] });
    const optimizer = optimizers.sgd({ learningRate });
    const weight = weightOf([1]);
    expect(optimizer.learningRate).toBe(1);
    step(optimizer, weight, [1]);
    expect(optimizer.learningRate).toBe(2);
    expect(() => (optimizer.learningRate = 3)).toThrow(
      /SGD: the learning rate follows PiecewiseConstantDecay, it cannot be set/,
    );
  });

  it('can be named in several ways', () => {
    for (const name of ['adam', 'Adam', 'rmsprop', 'RMSprop', 'sgd', 'SGD', 'adamw', 'AdamW']) {
      const optimizer = optimizerOf(name as 'adam');
      expect(optimizer.className.toLowerCase()).toBe(name.toLowerCase());
    }
    const own = optimizers.sgd();
    expect(optimizerOf(own)).toBe(own);
    expect(() => optimizerOf('ftrl' as 'adam')).toThrow(
      /optimizer 'ftrl' is unknown; allowed are 'sgd', 'rmsprop', 'adam', 'adamw', 'adagrad'/,
    );
  });

  it('refuse senseless options', () => {
    expect(() => optimizers.sgd({ learningRate: -1 })).toThrow(/learningRate must be at least 0/);
    expect(() => optimizers.sgd({ learningRate: NaN })).toThrow(/learningRate must be at least 0/);
    expect(() => (optimizers.sgd().learningRate = -1)).toThrow(/learningRate must be at least 0/);
    expect(() => optimizers.sgd({ momentum: 1.1 })).toThrow(
      /momentum must be at least 0 and at most 1/,
    );
    expect(() => optimizers.adam({ beta2: 1.5 })).toThrow(/beta2 must be/);
    expect(() => optimizers.adam({ weightDecay: -0.1 })).toThrow(/weightDecay must be/);
    expect(() => optimizers.adam({ clipnorm: 0 })).toThrow(
      /Adam: clipnorm must be more than 0, or null, got 0/,
    );
    expect(() => optimizers.adam({ clipnorm: 1, clipvalue: 1 })).toThrow(
      /only one of clipnorm, clipvalue, globalClipnorm can be given, got clipnorm and clipvalue/,
    );
    expect(() => optimizerOf({ className: 'Adam', config: { useEma: true, beta3: 1 } })).toThrow(
      /Adam: unknown options 'useEma', 'beta3'; allowed are 'weightDecay'/,
    );
    expect(() => optimizerOf({ className: 'Adam', config: { amsgrad: 1 } })).toThrow(
      /Adam: amsgrad must be true or false, got 1/,
    );
  });
});
