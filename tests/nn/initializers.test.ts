import { describe, expect, it } from 'vitest';
import { fans, initializerOf, initializers } from '../../src/nn/initializers.js';
import { sizeOf, type Shape } from '../../src/shape.js';
import keras from '../fixtures/keras-training.json' with { type: 'json' };
import { fromKeras, toKeras } from './keras.js';

/** Standard deviation of a standard normal that is cut off at two standard deviations. */
const TRUNCATED = 0.8796256610342398;

function moments(values: Float32Array): { mean: number; deviation: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const square = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(square) };
}

/** Mean, deviation and limits of the distribution that Keras asks for. */
function expected(asks: (typeof keras.initializers.cases)[number]['asks']): {
  mean: number;
  deviation: number;
  limit: number;
} {
  if (asks.distribution === 'uniform') {
    const half = (asks.maxval! - asks.minval!) / 2;
    return { mean: asks.minval! + half, deviation: half / Math.sqrt(3), limit: half };
  }
  const { mean, stddev } = asks as { mean: number; stddev: number };
  if (asks.distribution === 'normal') return { mean, deviation: stddev, limit: 6 * stddev };
  return { mean, deviation: stddev * TRUNCATED, limit: 2 * stddev };
}

describe("initializers draw from Keras's distributions", () => {
  for (const { className, config, shape, asks } of keras.initializers.cases) {
    it(`${className} ${JSON.stringify(config)} [${shape.join(', ')}]`, () => {
      const made = initializerOf(fromKeras(className, config));
      const values = made.values(shape, 3);
      const { mean, deviation, limit } = expected(asks);
      const found = moments(values);
      const largest = values.reduce((a, b) => Math.max(a, Math.abs(b - mean)), 0);
      expect(largest).toBeLessThanOrEqual(limit * (1 + 1e-6));
      if (asks.distribution !== 'normal') expect(largest).toBeGreaterThan(0.98 * limit);
      // Within four standard errors.
      const error = 4 / Math.sqrt(values.length);
      expect(Math.abs(found.mean - mean)).toBeLessThan(error * deviation);
      expect(Math.abs(found.deviation / deviation - 1)).toBeLessThan(error);
      expect(toKeras(made.getConfig())).toEqual({ ...toKeras(made.getConfig()), ...config });
      expect(initializerOf(made.getConfig()).values([3, 4], 5)).toEqual(made.values([3, 4], 5));
    });
  }

  it('with its fans', () => {
    for (const { shape, fans: expected } of keras.initializers.fans) {
      const { fanIn, fanOut } = fans(shape);
      expect([fanIn, fanOut]).toEqual(expected);
    }
  });
});

describe('orthogonal', () => {
  const shapes: readonly Shape[] = [
    [6, 6],
    [3, 3, 2, 5],
    [4, 30],
    [1, 3],
    [50, 20],
  ];
  for (const shape of shapes) {
    it(`has orthonormal rows or columns, [${shape.join(', ')}]`, () => {
      const values = initializers.orthogonal({ gain: 2 }).values(shape, 1);
      const columns = shape.at(-1)!;
      const rows = sizeOf(shape) / columns;
      const count = Math.min(rows, columns);
      const at = (v: number, i: number): number =>
        rows >= columns ? values[i * columns + v]! : values[v * columns + i]!;
      for (let a = 0; a < count; a++) {
        for (let b = 0; b <= a; b++) {
          let product = 0;
          for (let i = 0; i < Math.max(rows, columns); i++) product += at(a, i) * at(b, i);
          expect(product).toBeCloseTo(a === b ? 4 : 0, 5);
        }
      }
    });
  }

  it('prefers no direction', () => {
    const make = initializers.orthogonal();
    const first = Array.from({ length: 400 }, (_, seed) => make.values([2, 2], seed)[0]!);
    // The cosine of a uniform angle has mean 0 and mean square 1/2.
    expect(Math.abs(first.reduce((a, b) => a + b) / 400)).toBeLessThan(0.14);
    expect(first.reduce((a, b) => a + b * b, 0) / 400).toBeCloseTo(0.5, 1);
  });

  it('needs a matrix', () => {
    expect(() => initializers.orthogonal().values([3], 1)).toThrow(
      /Orthogonal: needs at least two dimensions, got shape \[3\]/,
    );
  });
});

describe('initializers', () => {
  it('repeat with the seed, and only then', () => {
    for (const name of ['glorotUniform', 'heNormal', 'orthogonal', 'randomUniform'] as const) {
      const made = initializers[name]();
      expect(made.values([4, 5], 1)).toEqual(made.values([4, 5], 1));
      expect(made.values([4, 5], 1)).not.toEqual(made.values([4, 5], 2));
      const own = initializers[name]({ seed: 7 });
      expect(own.values([4, 5], 1)).toEqual(made.values([4, 5], 7));
      expect(own.values([4, 5], 1)).toEqual(own.values([4, 5], 2));
      expect(own.getConfig().config['seed']).toBe(7);
    }
  });

  it('fill with constants', () => {
    expect(initializers.ones().values([3], 1)).toEqual(new Float32Array([1, 1, 1]));
    expect(initializers.zeros().values([2], 1)).toEqual(new Float32Array(2));
    expect(initializers.constant({ value: 0.5 }).values([2], 1)).toEqual(Float32Array.of(0.5, 0.5));
    const matrix = initializers.identity({ gain: 3 }).values([2, 3], 1);
    expect([...matrix]).toEqual([3, 0, 0, 0, 3, 0]);
    expect(() => initializers.identity().values([2, 2, 2], 1)).toThrow(
      /Identity: needs two dimensions, got shape \[2, 2, 2\]/,
    );
  });

  it('have several spellings', () => {
    for (const name of ['glorotUniform', 'glorot_uniform', 'GlorotUniform']) {
      const made = initializerOf(name as 'glorotUniform');
      expect([made.name, made.className]).toEqual(['glorotUniform', 'GlorotUniform']);
    }
    expect(initializerOf('zero' as 'zeros').className).toBe('Zeros');
    expect(initializerOf('uniform' as 'zeros').className).toBe('RandomUniform');
    expect(() => initializerOf('xavier' as 'zeros')).toThrow(
      /initializer 'xavier' is unknown; allowed are 'glorotUniform', 'glorotNormal'/,
    );
    expect(() => initializerOf({ className: 'Zeros', config: { value: 1 } })).toThrow(
      /Zeros: unknown options 'value'; it has no options/,
    );
    expect(() => initializers.heNormal({ seed: 0.5 })).toThrow(
      /HeNormal: seed must be an integer of at least 0 and at most 9007199254740991, or null, got 0.5/,
    );
  });
});
