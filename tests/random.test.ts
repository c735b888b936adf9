import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shutdown } from '../src/gpu/init.js';
import { pcg4d, Random, randomNormal, randomUniform } from '../src/random.js';
import { pcg4d as reference, type Uint4 } from './reference/random.js';
import { openGpu } from './setup.js';

beforeAll(openGpu);
afterAll(shutdown);

const draw = (random: Random, n = 100): number[] => Array.from({ length: n }, () => random.bits());

function moments(values: readonly number[]): [mean: number, deviation: number] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)];
}

test('pcg4d gives the bits of the reference', () => {
  for (let i = 0; i < 1000; i++) {
    const v: Uint4 = [i, (i * 2654435761) >>> 0, 0xffffffff - i, (i * i) >>> 0];
    expect(pcg4d(v)).toEqual(reference(v));
  }
});

describe('Random', () => {
  test('is a function of the seed', () => {
    expect(draw(new Random(7))).toEqual(draw(new Random(7)));
    expect(draw(new Random(7))).not.toEqual(draw(new Random(8)));
    expect(draw(new Random(7))).not.toEqual(draw(new Random(7 + 2 ** 32)));
  });

  test('continues from a stored state, also within a block of four', () => {
    for (const skip of [0, 1, 3, 4, 9]) {
      const random = new Random(5);
      draw(random, skip);
      const other = new Random(0);
      other.state = JSON.parse(JSON.stringify(random.state)) as typeof random.state;
      expect(draw(other)).toEqual(draw(random));
    }
  });

  test('forks depend on seed and id, not on what was drawn', () => {
    const random = new Random(11);
    const early = draw(random.fork(3));
    draw(random);
    expect(draw(random.fork(3))).toEqual(early);
    expect(draw(random.fork(4))).not.toEqual(early);
    expect(draw(random.fork(3).fork(3))).not.toEqual(early);
  });

  test('has the moments of its distributions', () => {
    const random = new Random(1);
    const [mean, deviation] = moments(Array.from({ length: 40_000 }, () => random.uniform()));
    expect(mean).toBeCloseTo(0.5, 2);
    expect(deviation).toBeCloseTo(Math.sqrt(1 / 12), 2);
    const [centre, width] = moments(Array.from({ length: 40_000 }, () => random.normal()));
    expect(Math.abs(centre)).toBeLessThan(0.02);
    expect(Math.abs(width - 1)).toBeLessThan(0.02);
  });

  test('draws every integer about equally often', () => {
    const random = new Random(2);
    const counts = [0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 7000; i++) counts[random.integer(7)]!++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(() => random.integer(0)).toThrow(/got 0/);
  });

  test('shuffles arrays and typed arrays in place', () => {
    const values = Int32Array.from({ length: 50 }, (_, i) => i);
    expect(new Random(3).shuffle(values)).toBe(values);
    expect([...values].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect([...values]).not.toEqual([...values].sort((a, b) => a - b));
    expect(new Random(3).shuffle(Array.from({ length: 50 }, (_, i) => i))).toEqual([...values]);
  });

  test.each([-1, 0.5, NaN, 2 ** 53])('refuses seed %d', (seed) => {
    expect(() => new Random(seed)).toThrow(/seed/);
  });
});

test('random tensors are uniform in their range, or normal', async () => {
  using uniform = randomUniform([100, 50], { lo: -2, hi: 4, seed: 1 });
  const values = [...(await uniform.data())];
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-2);
  expect(Math.max(...values)).toBeLessThan(4);
  expect(Math.abs(moments(values)[0] - 1)).toBeLessThan(0.1);
  using normal = randomNormal([100, 50], { mean: 3, stddev: 0.5, seed: 1 });
  const [mean, deviation] = moments([...(await normal.data())]);
  expect(Math.abs(mean - 3)).toBeLessThan(0.05);
  expect(Math.abs(deviation - 0.5)).toBeLessThan(0.03);
});
