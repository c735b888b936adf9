import type { Device, Precision } from './gpu/device.js';

let chosen: Precision | undefined;

/**
 * Runs `fn` with a precision of its products; undefined leaves it as it is. The outermost call decides:
 * a model inside of another computes as that does.
 */
export function withPrecision<T>(precision: Precision | undefined, fn: () => T): T {
  const before = chosen;
  chosen ??= precision;
  try {
    return fn();
  } finally {
    chosen = before;
  }
}

/** What the innermost `withPrecision` runs with; undefined outside of all. */
export function chosenPrecision(): Precision | undefined {
  return chosen;
}

/** Whether convolutional layers store float16: in mixed precision, where the GPU can. */
export function storesHalves(device: Device): boolean {
  return isMixed(device) && device.gpu.features.has('shader-f16');
}

/** Whether products round their operands to float16: never on a GPU that cannot. */
export function isMixed(device: Device): boolean {
  return (chosen ?? device.precision) === 'mixed' && device.hasF16;
}
