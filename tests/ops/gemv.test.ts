import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice } from '../../src/gpu/init.js';
import { conv2d, dense, matmul } from '../../src/ops/index.js';
import type { Tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';
import { expectAsDirect, kernelsOf, random } from './as_direct.js';

beforeAll(openGpu);

/** As `expectAsDirect`; only software adapters use the kernel. */
async function expectGemv(fn: () => Tensor): Promise<void> {
  if (defaultDevice().innerLoop === 'lanes') {
    expect(kernelsOf(() => void fn())).toContain('gemv_lanes');
  }
  await expectAsDirect(fn);
}

describe('products of a row or two with large matrices', () => {
  const limit = { before: 0 };
  afterEach(() => {
    if (limit.before > 0) defaultDevice().bindingLimit = limit.before;
  });

  it('a row, without anything else', async () => {
    const [x, w] = [random([1, 2000], 1), random([2000, 2000], 2)];
    await expectGemv(() => matmul(x, w));
  });

  it('two rows, odd sizes, bias and activation', async () => {
    const [x, w, bias] = [random([2, 2003], 1), random([2003, 2001], 2), random([2001], 3)];
    for (const activation of ['relu', 'tanh'] as const) {
      await expectGemv(() => dense(x, w, { bias, activation }));
    }
  });

  it('a long sum, few columns', async () => {
    const [x, w] = [random([1, 40_004], 1), random([40_004, 100], 2)];
    await expectGemv(() => matmul(x, w));
  });

  it('a turned matrix', async () => {
    const [x, w] = [random([2, 1000], 1), random([4100, 1000], 2)];
    await expectGemv(() => matmul(x, w, { transposeB: true }));
  });

  it('pictures of a single pixel', async () => {
    const [x, w] = [random([2, 1, 1, 2048], 1), random([1, 1, 2048, 2048], 2)];
    await expectGemv(() => conv2d(x, w, { padding: 'same', activation: 'relu6' }));
  });

  it('a matrix in several windows', async () => {
    const [x, w, bias] = [random([1, 8192], 1), random([8192, 1024], 2), random([1024], 3)];
    const device = defaultDevice();
    limit.before = device.bindingLimit;
    device.bindingLimit = 2 ** 24;
    await expectGemv(() => dense(x, w, { bias, activation: 'relu' }));
  });
});
