import { beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice } from '../../src/gpu/init.js';
import { conv2dGeometry } from '../../src/ops/conv2d.js';
import { convGradInput } from '../../src/ops/gemm.js';
import { conv2d } from '../../src/ops/index.js';
import type { Padding, Shape } from '../../src/shape.js';
import { empty, type Tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';
import { expectAsDirect, kernelsOf, random } from './as_direct.js';

beforeAll(openGpu);

const cases: readonly [name: string, x: Shape, filters: number, padding: Padding][] = [
  ['same', [1, 56, 56, 128], 128, 'same'],
  ['valid, sizes that are no multiples of 4', [2, 51, 57, 68], 124, 'valid'],
  [
    'padding at two sides, ragged column tiles',
    [1, 65, 70, 100],
    108,
    [
      [2, 0],
      [0, 1],
    ],
  ],
  ['tiles in several blocks', [4, 88, 88, 128], 64, 'same'],
  ['filters in two parts', [2, 12, 12, 512], 160, 'same'],
];

describe('Winograd', () => {
  it.each(cases)('%s', async (_, shape, filters, padding) => {
    const x = random(shape, 1);
    const w = random([3, 3, shape[3]!, filters], 2);
    const bias = random([filters], 3);
    const forward = (): Tensor => conv2d(x, w, { padding, bias, activation: 'relu6' });
    const g = conv2dGeometry('test', x.shape, w.shape, { padding });
    const dy = random([g.batch, g.oh, g.ow, g.co], 4);
    const backward = (): Tensor => {
      const dx = empty(x.shape);
      convGradInput('test', dy, w, dx, g);
      return dx;
    };
    // Only software adapters use it.
    if (defaultDevice().innerLoop === 'lanes') {
      expect(kernelsOf(forward)).toContain('winograd_output');
      expect(kernelsOf(backward)).toContain('winograd_output');
    }
    await expectAsDirect(forward);
    await expectAsDirect(backward);
    for (const t of [x, w, bias, dy]) t.dispose();
  });

  it('is left to small convolutions, strides and other windows', () => {
    const uses = (x: Shape, w: Shape, strides: number): boolean =>
      kernelsOf(() => conv2d(empty(x), empty(w), { strides })).includes('winograd_output');
    expect(uses([1, 16, 16, 32], [3, 3, 32, 32], 1)).toBe(false);
    expect(uses([1, 112, 112, 128], [3, 3, 128, 128], 2)).toBe(false);
    expect(uses([1, 56, 56, 128], [5, 5, 128, 128], 1)).toBe(false);
  });

  it('is left out where what it transforms is larger than a binding may be', () => {
    const device = defaultDevice();
    const limit = device.bindingLimit;
    device.bindingLimit = 2 * 1024 * 1024;
    const kernels = kernelsOf(() => conv2d(empty([1, 56, 56, 128]), empty([3, 3, 128, 128])));
    device.bindingLimit = limit;
    expect(kernels).not.toContain('winograd_output');
  });
});
