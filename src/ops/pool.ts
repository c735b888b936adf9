import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import type { Flags } from '../gpu/template.js';
import {
  checkRank,
  formatShape,
  pairOf,
  windowAxes,
  type Padding,
  type Pair,
  type WindowAxis,
} from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import { checkFloat } from './elementwise.js';
import { max, mean } from './reduce.js';
import { boundsOf, part, runChannels, windows } from './run.js';

/** Options of `maxPool2d` and `avgPool2d`. */
export interface PoolOptions {
  /** Height and width of the window. Default 2. */
  readonly poolSize?: Pair;
  /** Step from one window to the next. Default: the pool size. */
  readonly strides?: Pair;
  /** Default 'valid'. Padding is less than a window, and its cells never count. */
  readonly padding?: Padding;
}

/** Options of the global poolings. */
export interface GlobalPoolOptions {
  /** Keeps height and width, as 1. Default false. */
  readonly keepDims?: boolean;
}

/**
 * Largest value of each window.
 *
 * @param x [n, h, w, c]
 * @returns [n, oh, ow, c]. Of several largest values the first one, row by row, gets the gradient.
 * @throws FoveaError when x is no float tensor of rank 4, or no window fits
 */
export function maxPool2d(x: Tensor, options: PoolOptions = {}): Tensor {
  const pooling = poolingOf('maxPool2d', x, options);
  const y = empty(pooling.shape, x.dtype);
  dispatch('maxPool2d', 'pool', { MAX: true }, pooling, { x }, { y }, 'y');
  return record('maxPool2d', [x], y, [x, y], (dy, saved) => {
    const [input, output] = [saved[0]!, saved[1]!];
    const dx = empty(input.shape, input.dtype);
    const large = { x: input, dx };
    const small = { y: output, dy };
    const op = 'maxPool2d gradient';
    if (isTiling(pooling)) {
      const flags = { KH: pooling.axes[0].kernel, KW: pooling.axes[1].kernel };
      dispatch(op, 'max_pool_grad_tiles', flags, pooling, large, small, 'tiles');
    } else {
      dispatch(op, 'max_pool_grad', {}, pooling, large, small, 'x');
    }
    return [dx];
  });
}

/**
 * Mean of each window, over the cells inside the image only, as TensorFlow and Keras count.
 *
 * @param x [n, h, w, c]
 * @returns [n, oh, ow, c]
 * @throws FoveaError when x is no float tensor of rank 4, or no window fits
 */
export function avgPool2d(x: Tensor, options: PoolOptions = {}): Tensor {
  const pooling = poolingOf('avgPool2d', x, options);
  const y = empty(pooling.shape, x.dtype);
  dispatch('avgPool2d', 'pool', { MAX: false }, pooling, { x }, { y }, 'y');
  const { shape, dtype } = x;
  return record('avgPool2d', [x], y, [], (dy) => {
    const dx = empty(shape, dtype);
    dispatch('avgPool2d gradient', 'avg_pool_grad', {}, pooling, { dx }, { dy }, 'x');
    return [dx];
  });
}

/** Mean over height and width: [n, h, w, c] to [n, c], or [n, 1, 1, c] with keepDims. */
export function globalAvgPool2d(x: Tensor, { keepDims = false }: GlobalPoolOptions = {}): Tensor {
  checkImages('globalAvgPool2d', x);
  return mean(x, { axis: [1, 2], keepDims });
}

/**
 * Largest value over height and width: [n, h, w, c] to [n, c], or [n, 1, 1, c] with keepDims.
 * Equal largest values share the gradient, as in Keras.
 */
export function globalMaxPool2d(x: Tensor, { keepDims = false }: GlobalPoolOptions = {}): Tensor {
  checkImages('globalMaxPool2d', x);
  return max(x, { axis: [1, 2], keepDims });
}

function checkImages(op: string, x: Tensor): void {
  checkFloat(op, x);
  checkRank(op, 'x', x.shape, 'n, h, w, c');
}

interface Pooling {
  readonly axes: readonly [WindowAxis, WindowAxis];
  readonly n: number;
  readonly c: number;
  /** Of the result. */
  readonly shape: readonly number[];
}

function poolingOf(op: string, x: Tensor, options: PoolOptions): Pooling {
  checkImages(op, x);
  const { poolSize = 2, strides = poolSize, padding = 'valid' } = options;
  const kernel = pairOf(op, 'poolSize', poolSize);
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const axes = windowAxes(op, [h, w], kernel, { strides, padding });
  if (typeof padding !== 'string' && padding.some((p, i) => Math.max(...p) >= kernel[i]!)) {
    throw new FoveaError(
      'ARGUMENT',
      `${op}: padding ${JSON.stringify(padding)} of ${formatShape(x.shape)} is not less than ` +
        `poolSize [${kernel.join(', ')}]: some windows would be empty`,
      { hint: 'Use a larger poolSize, or pad().' },
    );
  }
  return { axes, n, c, shape: [n, axes[0].out, axes[1].out, c] };
}

/** Whether windows stand side by side, and are so small that a kernel can be unrolled for them. */
function isTiling({ axes: [rows, columns] }: Pooling): boolean {
  const sideBySide = rows.stride === rows.kernel && columns.stride === columns.kernel;
  return sideBySide && rows.kernel * columns.kernel <= 9;
}

/** Tiles of a window's size that cover an axis and the padding before it. */
function tilesOf({ in: size, before, kernel }: WindowAxis): number {
  return Math.ceil((size + before) / kernel);
}

/**
 * Runs a pooling kernel in windows of images.
 *
 * @param large tensors of the shape of x
 * @param small tensors of the shape of y
 * @param grid whether a kernel goes through the pixels of x, those of y, or tiles
 */
function dispatch(
  op: string,
  kernel: string,
  flags: Flags,
  { axes, n, c, shape }: Pooling,
  large: Readonly<Record<string, Tensor>>,
  small: Readonly<Record<string, Tensor>>,
  grid: 'x' | 'y' | 'tiles',
): void {
  const [rows, columns] = axes;
  const xSize = rows.in * columns.in * c;
  const ySize = shape[1]! * shape[2]! * c;
  const perImage = {
    x: rows.in * columns.in,
    y: rows.out * columns.out,
    tiles: tilesOf(rows) * tilesOf(columns),
  }[grid];
  const vec = c % 4 === 0 ? 4 : 1;
  const geometry = {
    h: rows.in,
    w: columns.in,
    oh: rows.out,
    ow: columns.out,
    kh: rows.kernel,
    kw: columns.kernel,
    sy: rows.stride,
    sx: columns.stride,
    py: rows.before,
    px: columns.before,
  };
  const bounds = boundsOf(...Object.values(large), ...Object.values(small));
  for (const window of windows(op, n, [xSize, ySize], bounds)) {
    const operands = Object.fromEntries([
      ...Object.entries(large).map(([name, t]) => [name, part(t, xSize, window)] as const),
      ...Object.entries(small).map(([name, t]) => [name, part(t, ySize, window)] as const),
    ]);
    const all = { T: vec === 4 ? 'vec4f' : 'f32', ...flags };
    const size = { pixels: window.rows * perImage, c: c / vec };
    runChannels(op, kernel, all, operands, geometry, size);
  }
}
