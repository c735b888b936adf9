import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import { conv2d, depthwiseConv2d } from '../../src/ops/index.js';
import { scope } from '../../src/scope.js';
import { tensor } from '../../src/tensor.js';
import { convFamilies } from '../cases/conv.js';
import { testFamilies } from '../harness.js';
import { openGpu } from '../setup.js';

describe('inner loop of the adapter', () => testFamilies(convFamilies));
describe('simt', () => testFamilies(convFamilies, 'simt'));
describe('direct', () => testFamilies(convFamilies, 'direct'));

describe('an empty batch', () => {
  beforeAll(openGpu);
  afterAll(shutdown);

  it.each([
    ['conv2d', conv2d, [3, 3, 8, 4]],
    ['depthwiseConv2d', depthwiseConv2d, [3, 3, 8, 1]],
  ] as const)('%s has a gradient of 0', async (_, op, shape) => {
    const size = shape.reduce<number>((a, b) => a * b, 1);
    using x = tensor(new Float32Array(0), [0, 9, 9, 8]);
    using w = tensor(new Float32Array(size).fill(1), shape, { requiresGrad: true });
    using y = scope(() => op(x, w));
    using dy = tensor(new Float32Array(0), y.shape);
    y.backward(dy);
    expect(await w.grad!.data()).toEqual(new Float32Array(size));
  });
});
