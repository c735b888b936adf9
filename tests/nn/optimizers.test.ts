import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import type { Weight } from '../../src/nn/layer.js';
import {
  Optimizer,
  optimizerFromConfig,
  optimizerOf,
  optimizers,
} from '../../src/nn/optimizers.js';
import { tensor } from '../../src/tensor.js';
import keras from '../fixtures/keras-numerics.json' with { type: 'json' };
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

const { start, gradients, trajectory_after_each_step: trajectories } = keras.optimizers;

const cases: Readonly<Record<keyof typeof trajectories, () => Optimizer>> = {
  'sgd lr=0.01': () => optimizers.sgd(),
  'sgd lr=0.01 momentum=0.9': () => optimizers.sgd({ momentum: 0.9 }),
  'sgd lr=0.01 momentum=0.9 nesterov': () => optimizers.sgd({ momentum: 0.9, nesterov: true }),
  'sgd lr=0.01 weight_decay=0.1': () => optimizers.sgd({ weightDecay: 0.1 }),
  'rmsprop lr=0.001': () => optimizers.rmsprop(),
  'rmsprop lr=0.001 momentum=0.5': () => optimizers.rmsprop({ momentum: 0.5 }),
  'rmsprop lr=0.001 centered': () => optimizers.rmsprop({ centered: true }),
  'rmsprop lr=0.001 centered momentum=0.5': () =>
    optimizers.rmsprop({ centered: true, momentum: 0.5 }),
  'adam lr=0.001': () => optimizers.adam(),
  'adamw lr=0.001 weight_decay=0.004': () => optimizers.adamw(),
};

function weightOf(values: readonly number[] | Float32Array, trainable = true): Weight {
  return { name: 'dense/kernel', value: tensor([...values], [values.length]), trainable };
}

function step(optimizer: Optimizer, weight: Weight, gradient: readonly number[]): void {
  weight.value.grad = tensor(gradient, weight.value.shape);
  optimizer.apply([weight]);
  expect(weight.value.grad).toBeUndefined();
}

describe("optimizers follow Keras's trajectories", () => {
  for (const [name, make] of Object.entries(cases)) {
    it(name, async () => {
      const optimizer = make();
      const weight = weightOf(start);
      for (const [i, gradient] of gradients.entries()) {
        step(optimizer, weight, gradient);
        const values = await weight.value.data();
        const expected = trajectories[name as keyof typeof trajectories][i]!;
        expected.forEach((value, k) => {
          expect(Math.abs(values[k]! - value), `step ${i}`).toBeLessThan(
            1e-6 * Math.abs(value) + 2e-7,
          );
        });
      }
      expect(optimizer.iterations).toBe(gradients.length);
      weight.value.dispose();
      optimizer.dispose();
    });
  }
});

describe('optimizers', () => {
  it('work in windows above the binding limit, to the same bits', async () => {
    const device = defaultDevice();
    const before = device.bindingLimit;
    const values = Float32Array.from({ length: 1003 }, (_, i) => Math.sin(i));
    const gradient = [...values].map((value) => value / 3);
    const train = async (optimizer: Optimizer): Promise<Float32Array> => {
      const weight = weightOf(values);
      for (let i = 0; i < 2; i++) step(optimizer, weight, gradient);
      return (await weight.value.data()) as Float32Array;
    };
    for (const make of Object.values(cases)) {
      const whole = await train(make());
      device.bindingLimit = 1024;
      const windowed = await train(make());
      device.bindingLimit = before;
      expect(windowed).toEqual(whole);
    }
  });

  it('leave frozen weights, and those without a gradient', async () => {
    const optimizer = optimizers.adam();
    const frozen = weightOf([1, 2], false);
    step(optimizer, frozen, [5, 5]);
    optimizer.apply([weightOf([1])]);
    expect(await frozen.value.data()).toEqual(new Float32Array([1, 2]));
    expect(optimizer.iterations).toBe(2);
  });

  it('show what they keep', async () => {
    const optimizer = optimizers.adam({ learningRate: 0.5 });
    const weight = weightOf([1, 2]);
    expect(optimizer.countParams([weight])).toBe(6);
    step(optimizer, weight, [1, -1]);
    const state = optimizer.state([weight]);
    expect([...state.keys()]).toEqual(['dense/kernel/m', 'dense/kernel/v']);
    const m = await state.get('dense/kernel/m')!.data();
    expect(m[0]).toBeCloseTo(0.1, 6);
  });

  it('can be made from names and from their configuration', () => {
    for (const name of ['sgd', 'rmsprop', 'adam', 'adamw'] as const) {
      const optimizer = optimizerOf(name);
      const config = optimizer.getConfig();
      const copy: typeof config = JSON.parse(JSON.stringify(config)) as typeof config;
      expect(optimizerFromConfig(copy).getConfig()).toEqual(config);
      expect(optimizerFromConfig(copy).className).toBe(optimizer.className);
    }
    const own = optimizers.sgd();
    expect(optimizerOf(own)).toBe(own);
    expect(() => optimizerOf('lion' as 'adam')).toThrow(
      /optimizer 'lion' is unknown; allowed are 'sgd', 'rmsprop', 'adam', 'adamw'/,
    );
  });

  it('refuse senseless options', () => {
    expect(() => optimizers.sgd({ learningRate: -1 })).toThrow(/learningRate must be at least 0/);
    expect(() => optimizers.sgd({ learningRate: NaN })).toThrow(/learningRate must be at least 0/);
    expect(() => optimizers.sgd({ momentum: 1 })).toThrow(/momentum must be at least 0 and less/);
    expect(() => optimizers.adam({ beta2: 1.5 })).toThrow(/beta2 must be/);
    expect(() => optimizers.adam({ weightDecay: -0.1 })).toThrow(/weightDecay must be/);
  });
});
