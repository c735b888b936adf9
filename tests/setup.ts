import type { AdapterInfo, Precision } from '../src/gpu/device.js';
import { defaultDevice, init } from '../src/gpu/init.js';

/**
 * Opens the GPU for a test file; fails, and does not skip, when there is none. From then on every
 * new tensor is filled with NaN, so that elements which a kernel forgets are seen.
 */
export async function openGpu(): Promise<void> {
  await init({ log: () => undefined });
  const { bindingLimit, kernels, memory, recorder } = defaultDevice();
  memory.onAllocate = (storage) => {
    for (let offset = 0; offset < storage.bytes; offset += bindingLimit) {
      const bytes = Math.min(bindingLimit, storage.bytes - offset);
      const count = bytes / 16;
      recorder.dispatch({
        kernel: kernels.get('fill', { WG: 64, EACH: 1 }),
        bindings: { y: { storage, offset, bytes } },
        params: { count, value: NaN },
        workgroups: Math.ceil(count / 64),
        label: () => 'poison',
      });
    }
  };
}

/** `openGpu` for tests of mixed precision: rounding is the same on adapters without float16. */
export async function openMixed(precision: Precision): Promise<void> {
  await openGpu();
  defaultDevice().hasF16 = true;
  await init({ precision });
}

/** Has kernels share out their work as on a GPU, whatever the adapter is. @returns what undoes that */
export const asOnGpu = (): (() => void) => pretend({ class: 'gpu' });

/** Has kernels compiled as for the software driver of this vendor. @returns what undoes that */
export const asOnSoftwareOf = (vendor: string): (() => void) =>
  pretend({ class: 'software', vendor });

function pretend(part: Partial<AdapterInfo>): () => void {
  const device = defaultDevice();
  const { info } = device;
  Object.assign(device, { info: { ...info, ...part } });
  return () => Object.assign(device, { info });
}
