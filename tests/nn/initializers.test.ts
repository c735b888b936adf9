import { describe, expect, it } from 'vitest';
import { fans, initializer } from '../../src/nn/initializers.js';

const shape = [3, 3, 64, 128];
const [fanIn, fanOut] = [9 * 64, 9 * 128];

function deviation(values: Float32Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
}

describe('initializers', () => {
  it('count fans as Keras does', () => {
    expect(fans([7, 5])).toEqual({ fanIn: 7, fanOut: 5 });
    expect(fans(shape)).toEqual({ fanIn, fanOut });
    expect(fans([3, 3, 16, 2])).toEqual({ fanIn: 144, fanOut: 18 });
    expect(fans([8])).toEqual({ fanIn: 8, fanOut: 8 });
  });

  for (const [name, variance] of [
    ['glorotUniform', 2 / (fanIn + fanOut)],
    ['heUniform', 2 / fanIn],
  ] as const) {
    it(`${name} fills its range evenly`, () => {
      const values = initializer(name).values(shape, 3);
      const limit = Math.sqrt(3 * variance);
      expect(Math.max(...values.subarray(0, 70_000))).toBeLessThanOrEqual(Math.fround(limit));
      expect(Math.max(...values.subarray(0, 70_000))).toBeGreaterThan(0.999 * limit);
      expect(Math.min(...values.subarray(0, 70_000))).toBeLessThan(-0.999 * limit);
      expect(deviation(values) / Math.sqrt(variance)).toBeCloseTo(1, 2);
    });
  }

  for (const [name, variance] of [
    ['glorotNormal', 2 / (fanIn + fanOut)],
    ['heNormal', 2 / fanIn],
  ] as const) {
    it(`${name} is cut off at two deviations, and has the variance all the same`, () => {
      const values = initializer(name).values(shape, 3);
      const cut = (2 * Math.sqrt(variance)) / 0.8796256610342398;
      const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      expect(largest).toBeLessThanOrEqual(Math.fround(cut));
      expect(largest).toBeGreaterThan(0.99 * cut);
      expect(deviation(values) / Math.sqrt(variance)).toBeCloseTo(1, 2);
    });
  }

  it('repeat with the seed, and only then', () => {
    for (const name of ['glorotUniform', 'heNormal'] as const) {
      const values = (shape: number[], seed: number) => initializer(name).values(shape, seed);
      expect(values([4, 5], 1)).toEqual(values([4, 5], 1));
      expect(values([4, 5], 1)).not.toEqual(values([4, 5], 2));
    }
    expect(initializer('ones').values([3], 1)).toEqual(new Float32Array([1, 1, 1]));
    expect(initializer('zeros').values([2], 1)).toEqual(new Float32Array(2));
  });
});
