import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import { maxPool2d, type PoolOptions } from '../../src/ops/index.js';
import { scope } from '../../src/scope.js';
import { tensor } from '../../src/tensor.js';
import { poolFamilies } from '../cases/pool.js';
import { testFamilies } from '../harness.js';
import { random, randomIntegers } from '../reference/array.js';
import * as reference from '../reference/pool.js';
import { openGpu } from '../setup.js';

testFamilies(poolFamilies);

describe('of several largest values the first one gets the gradient', () => {
  beforeAll(openGpu);
  afterAll(shutdown);

  const cases: [name: string, options: PoolOptions & reference.PoolOptions][] = [
    ['2x2', { poolSize: 2 }],
    ['2x2 same', { poolSize: 2, padding: 'same' }],
    ['3x2 same', { poolSize: [3, 2], padding: 'same' }],
    ['4x4', { poolSize: 4 }],
    ['3x3 over each other', { poolSize: 3, strides: 2, padding: 'same' }],
  ];

  it.each(cases)('%s', async (_, options) => {
    // Three different values: most windows have several largest ones.
    const x = randomIntegers([2, 9, 7, 4], 5, 3);
    const dy = random(reference.maxPool2d(x, options).shape, 6);
    using input = tensor(x.data, x.shape, { requiresGrad: true });
    using seed = tensor(dy.data, dy.shape);
    using y = scope(() => maxPool2d(input, options));
    y.backward(seed);
    const wanted = reference.maxPool2dBackward(x, dy, options);
    const dx = await input.grad!.data();
    for (const [i, want] of wanted.data.entries()) expect(dx[i]).toBeCloseTo(want, 5);
  });
});
