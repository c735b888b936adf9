import type { Device } from '../gpu/device.js';
import type { Kernel } from '../gpu/kernel.js';
import { scope } from '../scope.js';
import type { Work } from './kernel_ops.js';
import { fastest, type Peak } from './peak.js';

/** One way to compute an operation. */
export interface Candidate {
  readonly innerLoop: Device['innerLoop'];
  /** Tile and splits, where there is a choice. */
  readonly way: string;
  readonly kernels: readonly string[];
  readonly milliseconds: number;
  readonly gflops: number;
  readonly gigabytesPerSecond: number;
  /** Share of what arithmetic or memory allows, whichever is less. */
  readonly share: number;
  readonly isChosen: boolean;
}

/** Ways of one inner loop that are measured: those that look best. */
const MOST_WAYS = 6;

/** The kernels that a function runs, without running it. */
export function kernelsOf(device: Device, fn: () => void): readonly Kernel[] {
  const plan = device.capture(() => scope(fn));
  const kernels = [...plan.kernels];
  device.recorder.release(plan);
  return kernels;
}

/** Measures all ways to compute an operation on a device, the fastest first. */
export async function measure(
  device: Device,
  work: Work,
  peak: Peak,
): Promise<readonly Candidate[]> {
  const own = device.innerLoop;
  const chosen = await choice(device, work);
  const candidates: Candidate[] = [];
  const seen = new Set<string>();
  try {
    for (const innerLoop of innerLoops(device)) {
      device.innerLoop = innerLoop;
      for (const way of waysOf(device, work).slice(0, MOST_WAYS)) {
        const run = (): void => runAs(device, work, way);
        const kernels = [...new Set(kernelsOf(device, run).map(({ name }) => name))];
        // Where an operation has kernels of its own, the inner loop does not matter.
        const key = `${kernels.join()} ${way}`;
        if (seen.has(key)) continue;
        seen.add(key);
        const nanoseconds = await fastest(device, run);
        const isChosen = innerLoop === own && way === chosen;
        candidates.push({ innerLoop, way, kernels, isChosen, ...rates(work, peak, nanoseconds) });
      }
    }
  } finally {
    device.innerLoop = own;
  }
  return candidates.sort((a, b) => a.milliseconds - b.milliseconds);
}

function innerLoops({ innerLoop, matrixUnits }: Device): Device['innerLoop'][] {
  const units = matrixUnits ? (['sgmat'] as const) : [];
  return [...new Set([innerLoop, 'simt', ...units, 'direct'] as const)];
}

function rates(
  { flops, bytes }: Work,
  { flopsPerSecond, bytesPerSecond }: Peak,
  nanoseconds: number,
): Pick<Candidate, 'milliseconds' | 'gflops' | 'gigabytesPerSecond' | 'share'> {
  const roof = 1e9 * Math.max(flops / flopsPerSecond, bytes / bytesPerSecond);
  return {
    milliseconds: nanoseconds / 1e6,
    gflops: flops / nanoseconds,
    gigabytesPerSecond: bytes / nanoseconds,
    share: roof / nanoseconds,
  };
}

/** The way that the device takes by itself, measured first where it measures; '' for the only one. */
async function choice(device: Device, work: Work): Promise<string> {
  scope(() => work.run());
  await device.recorder.finish();
  await device.tuner.settled();
  let name = '';
  whileChoosing(
    device,
    (_, chosen) => (name = chosen),
    () => void kernelsOf(device, () => work.run()),
  );
  return name;
}

/** The names of all ways, best first as far as can be told; '' for the only one. */
function waysOf(device: Device, work: Work): readonly string[] {
  let all: readonly string[] = [''];
  whileChoosing(
    device,
    (names, chosen) => {
      all = names;
      return chosen;
    },
    () => void kernelsOf(device, () => work.run()),
  );
  return all;
}

/** Computes an operation in one way. */
function runAs(device: Device, work: Work, way: string): void {
  whileChoosing(
    device,
    () => way,
    () => work.run(),
  );
}

function whileChoosing(
  { tuner }: Device,
  onChoice: NonNullable<Device['tuner']['onChoice']>,
  fn: () => void,
): void {
  tuner.onChoice = onChoice;
  try {
    fn();
  } finally {
    tuner.onChoice = undefined;
  }
}
