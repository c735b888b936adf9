import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../src/gpu/device.js';
import { defaultDevice, shutdown } from '../src/gpu/init.js';
import type { Way } from '../src/gpu/tuner.js';
import { referenceGradients, upstream, type OpCase, type OpFamily } from './cases/case.js';
import type { Array64 } from './reference/array.js';
import { directionCheck, discrepancy } from './reference/gradient.js';
import { onGpu, type Outcome } from './on_gpu.js';
import { openGpu } from './setup.js';

/**
 * Tests every case of the families: the result, each gradient, and the gradients once more along a
 * random direction, against float64. Afterwards not a byte may be left. `innerLoop` overrides what
 * the adapter would use for the GEMMs, `tile` (as '64x64 by 8x4') the tile of those for GPUs, which
 * then share their summands out to as many splits as they can. Numbers are rounded to f16 where the
 * inner loop does so.
 */
export function testFamilies(
  families: readonly OpFamily[],
  innerLoop?: Device['innerLoop'],
  tile?: string,
): void {
  beforeAll(async () => {
    await openGpu();
    const device = defaultDevice();
    if (innerLoop) device.innerLoop = innerLoop;
    if (tile !== undefined) device.tuner.choose = (_, ranked) => mostSplits(ranked, tile);
  });
  afterAll(shutdown);
  for (const family of families) {
    describe(family.op, () => {
      for (const test of family.cases) {
        it(test.name, async () => {
          const before = defaultDevice().memory.info();
          await check(test, family, innerLoop === 'sgmat');
          const after = defaultDevice().memory.info();
          expect(after.liveBytes).toBe(before.liveBytes);
          expect(after.liveStorages).toBe(before.liveStorages);
        });
      }
    });
  }
}

/** Of the ways whose names begin like this, the one with the most splits; else the first way. */
function mostSplits<W extends Way>(ranked: readonly W[], tile: string): W {
  const splits = ({ name }: Way): number => Number(/, (\d+) splits/.exec(name)?.[1] ?? 1);
  const ways = ranked.filter(({ name }) => name.startsWith(tile));
  return ways.reduce((a, b) => (splits(b) > splits(a) ? b : a), ways[0] ?? ranked[0]!);
}

async function check(given: OpCase, { tolerance }: OpFamily, halves: boolean): Promise<void> {
  const test = halves ? { ...given, inputs: given.inputs.map(toHalves) } : given;
  const expected = test.forward(test.inputs, test.labels ?? []);
  const dy = halves ? toHalves(upstream(expected.shape)) : upstream(expected.shape);
  const { y, grads } = await onGpu(test, expected, dy);
  expectClose('result', y, expected, tolerance.forward);
  if (!test.differentiable.some(Boolean)) return;
  const references = referenceGradients(test, dy);
  grads.forEach((grad, i) => {
    if (grad) expectClose(`gradient of input ${i}`, grad, references[i]!, tolerance.backward);
    else expect(test.differentiable[i]).toBe(false);
  });
  expectSlope(test, grads, dy);
}

/** Expects gradients to be right along a random direction. */
export function expectSlope(test: OpCase, grads: Outcome['grads'], dy: Array64): void {
  const asArrays = grads.map(
    (grad, i) => grad && { shape: test.inputs[i]!.shape, data: Float64Array.from(grad) },
  );
  const labels = test.labels ?? [];
  expect(
    directionCheck((inputs) => test.forward(inputs, labels), test.inputs, asArrays, dy),
  ).toBeLessThan(1e-3);
}

/**
 * Rounds to f16: to multiples of 2^-10 of the largest power of two in a number. What is smaller than
 * normal numbers becomes 0, as some adapters take it.
 */
export function toHalves({ shape, data }: Array64): Array64 {
  const round = (x: number): number => {
    const exponent = Math.floor(Math.log2(Math.abs(x) || 1));
    const step = 2 ** (exponent - 10);
    return exponent < -14 ? 0 : Math.round(x / step) * step;
  };
  return { shape, data: data.map(round) };
}

/** Expects numbers to be those of float64, but for the tolerance. */
export function expectClose(
  what: string,
  actual: ArrayLike<number>,
  expected: Array64,
  tolerance: { l2: number; max: number },
): void {
  expect(actual.length, `${what}: number of elements`).toBe(expected.data.length);
  const { l2, max } = discrepancy(actual, expected);
  if (l2 <= tolerance.l2 && max <= tolerance.max) return;
  const worst = [...expected.data.keys()]
    .map((i) => ({ i, got: actual[i]!, want: expected.data[i]! }))
    .sort((a, b) => distance(b) - distance(a))
    .slice(0, 4)
    .map(({ i, got, want }) => `[${i}] got ${got}, want ${want}`);
  expect.fail(
    `${what}: relative L2 error ${l2} (allowed ${tolerance.l2}), largest error ${max} ` +
      `(allowed ${tolerance.max}); ${worst.join('; ')}`,
  );
}

function distance({ got, want }: { got: number; want: number }): number {
  return Number.isNaN(got) ? Infinity : Math.abs(got - want);
}
