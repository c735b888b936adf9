import { FoveaError } from '../errors.js';
import type { Kernel } from './kernel.js';
import type { Storage } from './memory.js';

/** What has to be known about a dispatch or a copy until the fate of its chunk is known. */
export interface Recorded {
  /** Undefined for a copy. */
  readonly kernel: Kernel | undefined;
  readonly reads: readonly Storage[];
  readonly writes: readonly Storage[];
  readonly label: () => string;
  /** The dispatches of a plan, which is remembered as a whole. */
  readonly parts?: readonly Pick<Recorded, 'kernel' | 'label'>[];
}

/** Marks what a chunk wrote as failed where it failed; resolves to whether the GPU accepted it. */
export async function settle(
  scope: Promise<GPUError | null>,
  before: Promise<void>,
  log: readonly Recorded[],
): Promise<boolean> {
  // In order of submission, so that failures of earlier chunks are known here.
  const [error] = await Promise.all([outcome(scope), before]);
  for (const recorded of log) {
    if (error) {
      const failure = recorded.kernel?.failure ?? chunkFailure(error, log);
      for (const storage of recorded.writes) storage.failure ??= failure;
    } else {
      passOnFailure(recorded);
    }
  }
  return !error;
}

/** The error of a scope. A lost device has none: its loss is reported by itself. */
export async function outcome(scope: Promise<GPUError | null>): Promise<GPUError | null> {
  return scope.catch(() => null);
}

function chunkFailure(error: GPUError, log: readonly Recorded[]): FoveaError {
  const all = log.flatMap((recorded) => recorded.parts ?? [recorded]);
  const broken = all.find(({ kernel }) => kernel?.failure)?.kernel;
  if (broken) return broken.failure!;
  const named = all.filter(({ kernel }) => kernel && error.message.includes(`"${kernel.name}"`));
  const suspects = (named.length > 0 ? named : all).slice(0, 4).map(({ label }) => label());
  return new FoveaError(
    'VALIDATION',
    `the GPU rejected ${suspects.join(' or ')}: ${error.message}`,
    { hint: 'This is a defect of fovea or of the driver: please report it with "fovea doctor".' },
  );
}

/** A result made from something that failed has failed too. */
export function passOnFailure({ reads, writes }: Recorded): void {
  const failure = reads.find((storage) => storage.failure)?.failure;
  if (failure) for (const storage of writes) storage.failure ??= failure;
}
