import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryInfo, shutdown } from '../../src/gpu/init.js';
import { constraintOf, constraints } from '../../src/nn/constraints.js';
import { regularizerOf, regularizers } from '../../src/nn/regularizers.js';
import { scope } from '../../src/scope.js';
import { tensor } from '../../src/tensor.js';
import keras from '../fixtures/keras-training.json' with { type: 'json' };
import { openGpu } from '../setup.js';
import { expectClose, fromKeras, toKeras } from './keras.js';

beforeAll(openGpu);
afterAll(shutdown);

describe('regularizers cost what they cost in Keras', () => {
  for (const { className, config, loss, gradient } of keras.regularizers.cases) {
    it(`${className} ${JSON.stringify(config)}`, async () => {
      const regularizer = regularizerOf(fromKeras(className, config));
      const weight = tensor(keras.regularizers.weight, [3, 4], { requiresGrad: true });
      const cost = regularizer.loss(weight);
      expect(cost.shape).toEqual([]);
      expectClose(await cost.data(), [loss], 'loss');
      cost.backward();
      // Where terms cancel, float32 leaves 1e-7 of them.
      expectClose(await weight.grad!.data(), gradient, 'gradient', 2e-8);
      expect(toKeras(regularizer.getConfig())).toMatchObject(config);
      expect(regularizerOf(regularizer.getConfig()).getConfig()).toEqual(regularizer.getConfig());
    });
  }

  it('have several spellings, and refuse senseless options', () => {
    expect(regularizerOf('l1_l2' as 'l1').className).toBe('L1L2');
    expect(regularizerOf('l2').getConfig()).toEqual({ className: 'L2', config: { l2: 0.01 } });
    expect(() => regularizerOf('l3' as 'l1')).toThrow(
      /regularizer 'l3' is unknown; allowed are 'l1', 'l2', 'l1l2', 'orthogonalRegularizer'/,
    );
    expect(() => regularizers.l2({ l2: -1 })).toThrow(/L2: l2 must be at least 0, got -1/);
    expect(() => regularizers.orthogonalRegularizer().loss(tensor([1]))).toThrow(
      /OrthogonalRegularizer: needs a matrix, got shape \[1\]/,
    );
  });
});

describe("constraints give Keras's weights", () => {
  for (const { className, config, shape, weight, values } of keras.constraints.cases) {
    it(`${className} ${JSON.stringify(config)}`, async () => {
      const constraint = constraintOf(fromKeras(className, config));
      const result = constraint.apply(tensor(weight, shape, { requiresGrad: true }));
      expect(result.shape).toEqual(shape);
      expect(result.requiresGrad).toBe(false);
      expectClose(await result.data(), values, className);
      expect(toKeras(constraint.getConfig())).toMatchObject(config);
      expect(constraintOf(constraint.getConfig()).getConfig()).toEqual(constraint.getConfig());
    });
  }

  it('leave nothing behind', () => {
    const before = memoryInfo().liveStorages;
    scope(() => void constraints.maxNorm().apply(tensor([[3], [4]])));
    expect(memoryInfo().liveStorages).toBe(before);
  });

  it('have several spellings, and refuse senseless options', () => {
    expect(constraintOf('non_neg' as 'nonNeg').className).toBe('NonNeg');
    expect(() => constraintOf('radial' as 'nonNeg')).toThrow(
      /constraint 'radial' is unknown; allowed are 'maxNorm', 'minMaxNorm', 'unitNorm', 'nonNeg'/,
    );
    expect(() => constraints.maxNorm({ axis: 0.5 })).toThrow(/axis must be an integer or a list/);
  });
});
