import type { Tensor } from '../tensor.js';
import { mergeSegments, sumSegments, type Segments } from './columns.js';
import type { Rows } from './rows.js';

/** Mean and variance of each channel, [c]. */
export interface Moments {
  readonly mean: Tensor;
  /** Biased. */
  readonly variance: Tensor;
  /** What rounding to float32 leaves out of the mean. */
  readonly rest: Tensor;
}

/** What convolutions left of their results. */
const left = new WeakMap<Tensor, Segments>();

/** Leaves the sums of shaders/moments.wgsl, which were made together with x, for `moments`. */
export function leaveMoments(x: Tensor, segments: Segments): void {
  left.set(x, segments);
}

/** Mean and variance of the channels of x. */
export function moments(op: string, x: Tensor, rows: Rows): Moments {
  const segments = left.get(x) ?? sumSegments(op, 'moments', rows, 3, { wide: { x } });
  left.delete(x);
  return mergeSegments(op, 'moments_merge', rows, segments, ['mean', 'variance', 'rest']);
}
