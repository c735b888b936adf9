/** One thing to time. `run` does the work once and resolves when the GPU has finished it. */
export interface Row {
  readonly name: string;
  /** What one run does: floating-point operations, or bytes where memory is the limit. */
  readonly amount: number;
  readonly unit: 'GFLOP/s' | 'GB/s';
}

/** A library under test: prepares its tensors once, and gives a function per row that it can run. */
export interface Library {
  readonly name: string;
  prepare(): Promise<Readonly<Record<string, () => Promise<void>>>>;
}

const flop = (name: string, amount: number): Row => ({ name, amount, unit: 'GFLOP/s' });
/** `values` are the floats of the operands and results, each counted once. */
const bytes = (name: string, values: number): Row => ({ name, amount: 4 * values, unit: 'GB/s' });

const conv = 2 * 56 * 56 * 9 * 128 * 128;
const small = 2 * 32 * 32 * 32 * 9 * 32 * 32;
const wide = 8 * 56 * 56 * 144;
/** The CIFAR-10 net has 29.7 M multiply-adds a picture forward; backward costs twice that. */
const cifarForward = 2 * 32 * 29_725_696;

/** The rows, the same for every library. */
export const rows: readonly Row[] = [
  flop('matmul 1024', 2 * 1024 ** 3),
  flop('conv 3x3 (1,56,56,128)->128', conv),
  flop('conv 3x3 input gradient', conv),
  flop('conv 3x3 filter gradient', conv),
  flop('conv 3x3 (32,32,32,32)->32 filter gradient', small),
  flop('conv 1x1 (1,56,56,256)->128', 2 * 56 * 56 * 256 * 128),
  flop('conv 3x3 stride 2 (1,56,56,128)->128', conv / 4),
  bytes('depthwise 3x3 (8,56,56,144)', 2 * wide),
  bytes('depthwise 3x3 input gradient', 2 * wide),
  bytes('depthwise 3x3 filter gradient', 2 * wide),
  // Forward x, y; backward x, y, dy, dx.
  bytes('max pool 2x2 (8,56,56,144), forward and backward', 3 * wide + (3 * wide) / 4),
  // Forward x, y; backward x, dy, dx.
  bytes('batch norm (8,56,56,144), forward and backward', 5 * wide),
  bytes('softmax (1024,1000)', 2 * 1024 * 1000),
  flop('CIFAR-10 net, training step, batch 32', 3 * cifarForward),
  flop('CIFAR-10 net, inference, batch 32', cifarForward),
];
