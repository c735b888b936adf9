import { beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice } from '../../src/gpu/init.js';
import { conv2dGeometry } from '../../src/ops/conv2d.js';
import { convGradInput } from '../../src/ops/gemm.js';
import { conv2d } from '../../src/ops/index.js';
import { Random } from '../../src/random.js';
import { scope } from '../../src/scope.js';
import type { Padding, Shape } from '../../src/shape.js';
import { empty, tensor, type Tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

beforeAll(openGpu);

function random(shape: Shape, seed: number): Tensor {
  const source = new Random(seed);
  const size = shape.reduce((product, n) => product * n, 1);
  return tensor(
    Float32Array.from({ length: size }, () => source.uniform() - 0.5),
    shape,
  );
}

/** Names of the kernels that `fn` runs. */
function kernelsOf(fn: () => void): string[] {
  const device = defaultDevice();
  const plan = device.capture(() => scope(fn));
  const names = [...plan.kernels].map(({ name }) => name);
  device.recorder.release(plan);
  return names;
}

/** The general kernel is the oracle: it is itself compared with float64. */
async function expectAsDirect(fn: () => Tensor): Promise<void> {
  const device = defaultDevice();
  const loop = device.innerLoop;
  const got = await fn().data();
  device.innerLoop = 'direct';
  const want = await fn().data();
  device.innerLoop = loop;
  let [error, size] = [0, 0];
  want.forEach((v, i) => {
    error += (got[i]! - v) ** 2;
    size += v ** 2;
  });
  expect(Math.sqrt(error / size)).toBeLessThan(1e-5);
}

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
  ['tiles in two blocks', [4, 88, 88, 128], 64, 'same'],
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
