import { expect } from 'vitest';
import { defaultDevice } from '../../src/gpu/init.js';
import { Random } from '../../src/random.js';
import { scope } from '../../src/scope.js';
import type { Shape } from '../../src/shape.js';
import { tensor, type Tensor } from '../../src/tensor.js';

/** Values between -0.5 and 0.5. */
export function random(shape: Shape, seed: number): Tensor {
  const source = new Random(seed);
  const size = shape.reduce((product, n) => product * n, 1);
  return tensor(
    Float32Array.from({ length: size }, () => source.uniform() - 0.5),
    shape,
  );
}

/** Names of the kernels that `fn` runs. */
export function kernelsOf(fn: () => void): string[] {
  const device = defaultDevice();
  const plan = device.capture(() => scope(fn));
  const names = [...plan.kernels].map(({ name }) => name);
  device.recorder.release(plan);
  return names;
}

/** The general kernel is the oracle: it is itself compared with float64. */
export async function expectAsDirect(fn: () => Tensor): Promise<void> {
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
