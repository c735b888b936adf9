import { FoveaError } from '../errors.js';
import type { Device } from '../gpu/device.js';
import { run as runKernel, runItems } from '../ops/run.js';
import { scope } from '../scope.js';
import { empty } from '../tensor.js';

/** What an adapter can do at most, measured. */
export interface Peak {
  readonly flopsPerSecond: number;
  readonly bytesPerSecond: number;
}

const RUNS = 5;
const WG = 64;
/** Multiply-adds of vec4 that multiply_add.wgsl does in a step. */
const PER_STEP = 4 * 8;

/** Measures the peak rates by a loop of multiply-adds and a copy. Throws without timestamps. */
export async function measurePeak(device: Device): Promise<Peak> {
  if (!device.profiler.available) {
    throw new FoveaError('NO_GPU', 'this adapter has no timestamp queries', {
      hint: 'Times of kernels cannot be taken on it.',
    });
  }
  const isSoftware = device.info.class === 'software';
  const steps = isSoftware ? 128 : 1024;
  const count = isSoftware ? 2 ** 14 : 2 ** 18;
  // More than caches hold.
  const bytes = Math.min(device.bindingLimit, (isSoftware ? 64 : 512) * 2 ** 20);
  using y = empty([count, 4]);
  using from = empty([bytes / 4]);
  using to = empty([bytes / 4]);
  const params = { count, steps, factor: 0.999, term: 0.001 };
  const add = await fastest(device, () =>
    runKernel('peak', 'multiply_add', { WG }, { y }, params, Math.ceil(count / WG)),
  );
  const n4 = bytes / 16;
  const copy = await fastest(device, () =>
    runItems('copy', 'copy', {}, { x: from, y: to }, {}, n4),
  );
  const flops = 2 * 4 * PER_STEP * steps * count;
  return { flopsPerSecond: (flops / add) * 1e9, bytesPerSecond: ((2 * bytes) / copy) * 1e9 };
}

/** Nanoseconds of the fastest of some runs. The first one compiles, and does not count. */
export async function fastest(device: Device, fn: () => void): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i <= RUNS; i++) {
    const time = device.recorder.time(() => scope(fn));
    await device.recorder.finish();
    times.push(await time);
  }
  return Math.min(...times.slice(1));
}
