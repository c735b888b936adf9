import { describe, expect, it } from 'vitest';
import { scheduleOf, schedules } from '../../src/nn/schedules.js';
import keras from '../fixtures/keras-training.json' with { type: 'json' };
import { expectClose, fromKeras, toKeras } from './keras.js';

const { steps, cases } = keras.schedules;

describe("schedules give Keras's learning rates", () => {
  for (const { className, config, rates } of cases) {
    it(`${className} ${JSON.stringify(config)}`, () => {
      const schedule = scheduleOf(fromKeras(className, config));
      const found = steps.map((step) => schedule.at(step));
      // Keras adds and subtracts in float32, which rounds to 6e-8 of the largest rate.
      expectClose(found, rates, className, 6e-8 * Math.max(...rates));
      expect(toKeras(schedule.getConfig())).toMatchObject(config);
      expect(scheduleOf(schedule.getConfig()).getConfig()).toEqual(schedule.getConfig());
    });
  }
});

describe('schedules', () => {
  it('restart exactly at the beginning of a period', () => {
    const options = { initialLearningRate: 1, firstDecaySteps: 10, tMul: 1.5, mMul: 0.5 };
    const schedule = schedules.cosineDecayRestarts(options);
    expect([0, 10, 25].map(schedule.at)).toEqual([1, 0.5, 0.25]);
  });

  it('refuse senseless options', () => {
    const initialLearningRate = 0.1;
    expect(() => schedules.polynomialDecay({ initialLearningRate, decaySteps: 0 })).toThrow(
      /PolynomialDecay: decaySteps must be more than 0, got 0/,
    );
    expect(() => schedules.piecewiseConstantDecay({ boundaries: [1], values: [1] })).toThrow(
      /one value more than boundaries, got 1 boundaries and 1 values/,
    );
    expect(() => scheduleOf({ className: 'CosineDecay', config: { decaySteps: 5 } })).toThrow(
      /CosineDecay: initialLearningRate must be given/,
    );
    expect(() => scheduleOf({ className: 'Step', config: {} })).toThrow(
      /schedule 'Step' is unknown; allowed are 'exponentialDecay'/,
    );
  });
});
