/** One thing to time. `run` does the work once and resolves when the GPU has finished it. */
export interface Row {
  readonly name: string;
  /** Floating-point operations of one run. */
  readonly flop: number;
}

/** A library under test: prepares its tensors once, and gives a function per row that it can run. */
export interface Library {
  readonly name: string;
  prepare(): Promise<Readonly<Record<string, () => Promise<void>>>>;
}

const conv = 2 * 56 * 56 * 9 * 128 * 128;
const small = 2 * 32 * 32 * 32 * 9 * 32 * 32;
/** The CIFAR-10 net has 29.7 M multiply-adds a picture forward; backward costs twice that. */
const cifarForward = 2 * 32 * 29_725_696;

/** The rows, the same for every library. */
export const rows: readonly Row[] = [
  { name: 'matmul 1024', flop: 2 * 1024 ** 3 },
  { name: 'conv 3x3 (1,56,56,128)->128', flop: conv },
  { name: 'conv 3x3 input gradient', flop: conv },
  { name: 'conv 3x3 filter gradient', flop: conv },
  { name: 'conv 3x3 (32,32,32,32)->32 filter gradient', flop: small },
  { name: 'CIFAR-10 net, training step, batch 32', flop: 3 * cifarForward },
  { name: 'CIFAR-10 net, inference, batch 32', flop: cifarForward },
];
