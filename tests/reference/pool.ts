import { map, zeros, type Array64 } from './array.js';
import { eachMeeting, pair, windowAxes, type PairLike } from './window.js';

export interface PoolOptions {
  readonly poolSize?: PairLike;
  /** Default: the pool size. */
  readonly strides?: PairLike;
  readonly padding?: 'same' | 'valid';
}

interface Pooling {
  readonly shape: readonly number[];
  /** Every input element of every window, in order; padding is never visited. */
  readonly members: (visit: (input: number, output: number) => void) => void;
}

function pooling(shape: readonly number[], options: PoolOptions): Pooling {
  const [n, h, w, c] = shape as [number, number, number, number];
  const { poolSize = 2, strides = poolSize, padding = 'valid' } = options;
  const axes = windowAxes(shape, pair(poolSize), { strides, padding });
  const [oh, ow] = [axes[0].out, axes[1].out];
  return {
    shape: [n, oh, ow, c],
    members: (visit) => {
      eachMeeting(axes, ({ oy, ox, iy, ix }) => {
        for (let b = 0; b < n; b++)
          for (let q = 0; q < c; q++)
            visit(((b * h + iy) * w + ix) * c + q, ((b * oh + oy) * ow + ox) * c + q);
      });
    },
  };
}

/** For every output, the input that wins its window; of equal ones the first, row by row. */
function winners(x: Array64, { shape, members }: Pooling): Array64 {
  const winner = map(zeros(shape), () => -1);
  members((input, output) => {
    const best = winner.data[output]!;
    if (best < 0 || x.data[input]! > x.data[best]!) winner.data[output] = input;
  });
  return winner;
}

function counts({ shape, members }: Pooling): Float64Array {
  const count = zeros(shape).data;
  members((_, output) => {
    count[output]! += 1;
  });
  return count;
}

export function maxPool2d(x: Array64, options: PoolOptions = {}): Array64 {
  return map(winners(x, pooling(x.shape, options)), (input) => x.data[input]!);
}

export function maxPool2dBackward(x: Array64, dy: Array64, options: PoolOptions = {}): Array64 {
  const dx = zeros(x.shape);
  winners(x, pooling(x.shape, options)).data.forEach((input, output) => {
    dx.data[input]! += dy.data[output]!;
  });
  return dx;
}

export function avgPool2d(x: Array64, options: PoolOptions = {}): Array64 {
  const op = pooling(x.shape, options);
  const count = counts(op);
  const y = zeros(op.shape);
  op.members((input, output) => {
    y.data[output]! += x.data[input]! / count[output]!;
  });
  return y;
}

export function avgPool2dBackward(x: Array64, dy: Array64, options: PoolOptions = {}): Array64 {
  const op = pooling(x.shape, options);
  const count = counts(op);
  const dx = zeros(x.shape);
  op.members((input, output) => {
    dx.data[input]! += dy.data[output]! / count[output]!;
  });
  return dx;
}

export interface GlobalPoolOptions {
  readonly keepDims?: boolean;
}

function whole(x: Array64): PoolOptions {
  return { poolSize: [x.shape[1]!, x.shape[2]!] };
}

function flattened(y: Array64, { keepDims = false }: GlobalPoolOptions): Array64 {
  return keepDims ? y : { shape: [y.shape[0]!, y.shape[3]!], data: y.data };
}

export function globalAvgPool2d(x: Array64, options: GlobalPoolOptions = {}): Array64 {
  return flattened(avgPool2d(x, whole(x)), options);
}

export function globalAvgPool2dBackward(x: Array64, dy: Array64): Array64 {
  return avgPool2dBackward(x, dy, whole(x));
}

export function globalMaxPool2d(x: Array64, options: GlobalPoolOptions = {}): Array64 {
  return flattened(maxPool2d(x, whole(x)), options);
}

export function globalMaxPool2dBackward(x: Array64, dy: Array64): Array64 {
  return maxPool2dBackward(x, dy, whole(x));
}
