import { compileKernels, translatesLate } from '../gpu/compile.js';
import type { Device } from '../gpu/device.js';
import { defaultDevice } from '../gpu/init.js';
import type { Plan } from '../gpu/plan.js';
import { keep, scope } from '../scope.js';
import { empty, type Tensor } from '../tensor.js';

interface Captured {
  readonly key: string;
  readonly device: Device;
  readonly plan: Plan;
  /** What goes in and out at the next run. */
  readonly current: { inputs: readonly Tensor[]; outputs: readonly Tensor[] };
  /** Makes tensors for the results. */
  readonly outputs: readonly (() => Tensor)[];
}

/** Room for what predictions make of weights, such as transformed filters, and keep as long as these do not change. */
export const KEEP_BYTES = 48 * 2 ** 20;

/**
 * Runs a function on tensors again and again. The first run is an ordinary one, the second one is
 * captured, all others are replayed: the function itself is not called any more. After `prepare` the
 * first run is replayed, too.
 */
export class Replay {
  private captured: Captured | undefined;
  private last: string | undefined;

  /** @param keepBytes room for what is made of weights, which the function does not change */
  constructor(private readonly keepBytes = 0) {}

  /**
   * Makes the first run ready, where the driver translates kernels when they first run: captures it, and has its
   * kernels translated beside one another. To be called before each run; does nothing after the first one.
   *
   * @param key as for `run`, like the others
   */
  async prepare(
    key: string | undefined,
    inputs: readonly Tensor[],
    fn: (inputs: readonly Tensor[]) => readonly Tensor[],
  ): Promise<void> {
    const device = defaultDevice();
    const isFirst = this.captured === undefined && this.last === undefined;
    if (!isFirst || key === undefined || device.profiler.active) return;
    if (!translatesLate(device.info)) return;
    this.captured = capture(device, key, inputs, fn, this.keepBytes);
    await compileKernels(device, this.captured.plan.kernels);
  }

  /**
   * @param key stands for everything that decides which commands `fn` runs, shapes above all;
   *   undefined for an ordinary run. A key that comes twice in a row replaces the one before.
   * @param inputs freed by the caller
   * @param fn what it makes is freed, except its results
   * @returns the results, for the caller to free
   */
  run(
    key: string | undefined,
    inputs: readonly Tensor[],
    fn: (inputs: readonly Tensor[]) => readonly Tensor[],
  ): readonly Tensor[] {
    const device = defaultDevice();
    if (this.captured && (this.captured.device !== device || this.captured.plan.isStale)) {
      this.forget();
    }
    // While times are taken, other kernels may soon be chosen.
    const isSettled = !device.profiler.active && !device.tuner.isTiming;
    if (key === undefined || !isSettled) return ordinary(inputs, fn);
    if (this.captured?.key !== key) {
      if (this.last !== key) {
        this.last = key;
        return ordinary(inputs, fn);
      }
      this.dispose();
      this.captured = capture(device, key, inputs, fn, this.keepBytes);
    }
    this.last = key;
    const results = replay(this.captured, inputs);
    // What the function keeps for later runs must not be made again by them.
    if (this.captured.plan.survivors().length > 0) this.forget();
    return results;
  }

  private forget(): void {
    this.dispose();
    this.last = undefined;
  }

  /** Frees the buffers that are kept for the next run. */
  dispose(): void {
    const { captured } = this;
    this.captured = undefined;
    captured?.device.recorder.release(captured.plan);
  }
}

function ordinary(
  inputs: readonly Tensor[],
  fn: (inputs: readonly Tensor[]) => readonly Tensor[],
): readonly Tensor[] {
  return scope(() => fn(inputs).map((y) => keep(y.detach())));
}

/** The function works on copies of the inputs; its results are copied. */
function capture(
  device: Device,
  key: string,
  inputs: readonly Tensor[],
  fn: (inputs: readonly Tensor[]) => readonly Tensor[],
  keepBytes: number,
): Captured {
  const { recorder } = device;
  const current: Captured['current'] = { inputs: [], outputs: [] };
  const outputs: (() => Tensor)[] = [];
  const note = (): void =>
    scope(() => {
      const copies = inputs.map(({ shape, dtype }, i) => {
        const x = empty(shape, dtype);
        recorder.copy(() => current.inputs[i]!.storage, 0, x.storage, 0, x.storage.bytes);
        return x;
      });
      fn(copies).forEach(({ storage, shape, dtype }, i) => {
        outputs.push(() => keep(empty(shape, dtype)));
        recorder.copy(storage, 0, () => current.outputs[i]!.storage, 0, storage.bytes);
      });
    });
  const plan = device.capture(note, keepBytes);
  return { key, device, plan, current, outputs };
}

function replay(
  { device, plan, current, outputs }: Captured,
  inputs: readonly Tensor[],
): readonly Tensor[] {
  const results = outputs.map((make) => make());
  Object.assign(current, { inputs, outputs: results });
  try {
    device.recorder.replay(plan);
  } catch (error) {
    for (const result of results) result.dispose();
    throw error;
  } finally {
    Object.assign(current, { inputs: [], outputs: [] });
  }
  return results;
}
