import { record } from '../autograd.js';
import { axesOf, axisOf, sizeOf, type Shape } from '../shape.js';
import { empty, type DType, type Tensor } from '../tensor.js';
import { div, equal, mul } from './binary.js';
import { checkFloat } from './elementwise.js';
import { groupsOf, sharing } from './rows.js';
import { boundsOf, part, run, windows, type Operand } from './run.js';
import { broadcastTo, reshape } from './movement.js';

const WG = 64;
/**
 * Elements that one invocation adds up at most when there are few outputs to keep a GPU busy; and one of those that share
 * a row.
 */
const [SEGMENT, SHARED_SEGMENT] = [64, 16];
const FEW_OUTPUTS = 4096;

/** Options of the reductions. */
export interface ReduceOptions {
  /** Dimensions to reduce, negative ones from the end. Default: all. */
  readonly axis?: number | readonly number[];
  /** Keeps reduced dimensions with size 1. Default false. */
  readonly keepDims?: boolean;
}

/** Sum over dimensions. */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduceOp('sum', x, options, 1);
}

/** Mean over dimensions. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const axes = axesOf('mean', options.axis, x.rank);
  return reduceOp('mean', x, options, 1 / sizeOf(axes.map((a) => x.shape[a]!)));
}

/** Largest value over dimensions. Equal largest values share the gradient. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  checkFloat('max', x);
  const axes = axesOf('max', options.axis, x.rank);
  const kept = reduceRaw('max', 'MAX', x, axes, 1);
  const keptShape = kept.shape;
  const y = reshape(kept, outputShape(x.shape, axes, options.keepDims));
  kept.dispose();
  return record('max', [x], y, [x, y], (dy, [input, output]) => {
    const winners = equal(input!, reshape(output!, keptShape));
    const count = reduceRaw('max gradient', 'SUM', winners, axes, 1);
    const share = mul(winners, reshape(dy, keptShape));
    return [div(share, count)];
  });
}

/** Position of the largest value along one dimension, int32; the first of equal ones. */
export function argmax(x: Tensor, options: { readonly axis?: number } = {}): Tensor {
  checkFloat('argmax', x);
  const axis = axisOf('argmax', options.axis ?? -1, x.rank);
  const y = empty(outputShape(x.shape, [axis]), 'int32');
  const [, size, inner] = split(x.shape, axis, axis);
  const params = { n: y.size, size, inner, segments: 1, step: size, scale: 1 };
  const groups = Math.ceil(y.size / WG);
  run('argmax', 'reduce', { WG, T: 'f32', ARGMAX: true }, { x, y }, params, groups);
  return y;
}

/** Adds up the dimensions of `x` along which `shape` was broadcast to it, in float32. Not recorded. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const shift = x.rank - shape.length;
  const axes = x.shape.flatMap((n, i) =>
    i < shift || (shape[i - shift] === 1 && n > 1) ? [i] : [],
  );
  return axes.length === 0 && shift === 0
    ? x
    : reshape(reduceRaw('sum', 'SUM', x, axes, 1, 'float32'), shape);
}

function reduceOp(op: 'sum' | 'mean', x: Tensor, options: ReduceOptions, scale: number): Tensor {
  checkFloat(op, x);
  const axes = axesOf(op, options.axis, x.rank);
  const kept = reduceRaw(op, 'SUM', x, axes, scale);
  const y = reshape(kept, outputShape(x.shape, axes, options.keepDims));
  const [inShape, keptShape] = [x.shape, kept.shape];
  kept.dispose();
  return record(op, [x], y, [], (dy) => [mul(broadcastTo(reshape(dy, keptShape), inShape), scale)]);
}

function outputShape(shape: Shape, axes: readonly number[], keepDims = false): number[] {
  if (keepDims) return shape.map((n, i) => (axes.includes(i) ? 1 : n));
  return shape.filter((_, i) => !axes.includes(i));
}

/**
 * Reduces with all dimensions kept: one pass per run of neighbouring axes, the last run first.
 *
 * @param dtype of the result; sums are float32 before
 */
export function reduceRaw(
  op: string,
  kind: 'SUM' | 'MAX',
  x: Tensor,
  axes: readonly number[],
  scale: number,
  dtype: DType = x.dtype,
): Tensor {
  let result = x.detach();
  const todo = [...axes];
  // Without an axis the scale still applies.
  do {
    const last = todo.pop();
    let first = last;
    while (first !== undefined && todo.at(-1) === first - 1) first = todo.pop();
    const isLast = todo.length === 0;
    const type = isLast ? dtype : 'float32';
    const next = pass(op, kind, result, first ?? 0, last ?? -1, isLast ? scale : 1, type);
    result.dispose();
    result = next;
  } while (todo.length > 0);
  return result;
}

/** Sizes before, within and after a run of dimensions. */
function split(shape: Shape, first: number, last: number): [number, number, number] {
  return [
    sizeOf(shape.slice(0, first)),
    sizeOf(shape.slice(first, last + 1)),
    sizeOf(shape.slice(last + 1)),
  ];
}

function pass(
  op: string,
  kind: 'SUM' | 'MAX',
  x: Tensor,
  first: number,
  last: number,
  scale: number,
  dtype: DType,
): Tensor {
  const [outer, size, inner] = split(x.shape, first, last);
  const shape = x.shape.map((n, i) => (i >= first && i <= last ? 1 : n));
  if (inner === 1) return rowsPass(op, kind, x, [outer, size], empty(shape, dtype), scale);
  const wide = outer * inner < FEW_OUTPUTS && size > SEGMENT;
  const bounds = boundsOf(x);
  if (!wide) return reduceWindows(op, kind, x, [outer, size, inner], empty(shape, dtype), scale);
  // Two stages: segments first, so that many invocations share the work in a fixed order.
  const segments = Math.ceil(size / SEGMENT);
  const partial = empty([outer, segments, inner]);
  const vec = inner % 4 === 0 ? 4 : 1;
  if (outer === 1) {
    // Rows of one segment each, so that tensors above the binding limit work in windows.
    for (const window of windows(op, segments, [SEGMENT * inner, inner], bounds)) {
      const from = part(x, SEGMENT * inner, window);
      const count = Math.min(from.count, x.size - from.start);
      const rows = { tensor: x, start: from.start, count };
      runReduce(op, kind, { x: rows, y: part(partial, inner, window) }, vec, {
        n: (window.rows * inner) / vec,
        size: count / inner,
        inner: inner / vec,
        segments: window.rows,
        step: SEGMENT,
        scale: 1,
      });
    }
  } else {
    const n = (outer * segments * inner) / vec;
    const params = { n, size, inner: inner / vec, segments, step: SEGMENT, scale: 1 };
    runReduce(op, kind, { x, y: partial }, vec, params);
  }
  const flat = pass(op, kind, partial, 1, 1, scale, dtype);
  partial.dispose();
  const y = reshape(flat, shape);
  flat.dispose();
  return y;
}

/** Reduces rows, which lie side by side in memory. Writes y, [outer] in any shape. */
function rowsPass(
  op: string,
  kind: 'SUM' | 'MAX',
  x: Tensor,
  [outer, size]: readonly [number, number],
  y: Tensor,
  scale: number,
): Tensor {
  const vec = size % 4 === 0 ? 4 : 1;
  const how = sharing(x.device, outer, size / vec);
  const most = vec * (how.SHARED ? SHARED_SEGMENT * how.WG : SEGMENT);
  if (outer >= FEW_OUTPUTS || size <= most) {
    reduceRows(op, kind, x, [outer, size, 1, size], y, scale);
    return y;
  }
  const segments = Math.ceil(size / most);
  const partial = empty([outer, segments]);
  reduceRows(op, kind, x, [outer, size, segments, most], partial, 1);
  rowsPass(op, kind, partial, [outer, segments], y, scale);
  partial.dispose();
  return y;
}

/** Reduces `segments` of `c` elements of each row, of which the last may have fewer. Writes y, [outer, segments]. */
function reduceRows(
  op: string,
  kind: 'SUM' | 'MAX',
  x: Tensor,
  [outer, size, segments, c]: readonly [number, number, number, number],
  y: Tensor,
  scale: number,
): void {
  const vec = size % 4 === 0 ? 4 : 1;
  const how = sharing(x.device, outer * segments, c / vec);
  const flags = { ...how, T: vec === 4 ? 'vec4f' : 'f32', VEC: vec === 4, [kind]: true };
  // A window holds segments of the only row, or whole rows.
  const isOne = outer === 1;
  const [all, xSize, ySize] = isOne ? [segments, c, 1] : [outer, size, segments];
  for (const window of windows(op, all, [xSize, ySize], boundsOf(x, y))) {
    const { start, count } = part(x, xSize, window);
    const from = { tensor: x, start, count: Math.min(count, x.size - start) };
    const rows = window.rows * ySize;
    const params = {
      rows,
      c: c / vec,
      scale,
      size: (isOne ? from.count : size) / vec,
      segments: isOne ? rows : segments,
    };
    const operands = { x: from, y: part(y, ySize, window) };
    run(op, 'reduce_rows', flags, operands, params, groupsOf(how, rows));
  }
}

function reduceWindows(
  op: string,
  kind: 'SUM' | 'MAX',
  x: Tensor,
  [outer, size, inner]: readonly [number, number, number],
  y: Tensor,
  scale: number,
): Tensor {
  const vec = inner % 4 === 0 ? 4 : 1;
  for (const window of windows(op, outer, [size * inner, inner], boundsOf(x, y))) {
    runReduce(op, kind, { x: part(x, size * inner, window), y: part(y, inner, window) }, vec, {
      n: (window.rows * inner) / vec,
      size,
      inner: inner / vec,
      segments: 1,
      step: size,
      scale,
    });
  }
  return y;
}

function runReduce(
  op: string,
  kind: 'SUM' | 'MAX',
  operands: Parameters<typeof run>[3],
  vec: 1 | 4,
  params: Record<string, number> & { n: number },
): void {
  const flags = { WG, T: vec === 4 ? 'vec4f' : 'f32', [kind]: true };
  run(op, 'reduce', flags, operands, params, Math.ceil(params.n / WG));
}

/** Adds up partial sums [splits, size], in order. Writes `dw`, of `size` elements. */
export function addSplits(op: string, partial: Tensor, dw: Operand): void {
  const [splits, size] = partial.shape as [number, number];
  const vec = size % 4 === 0 ? 4 : 1;
  const flags = { WG, T: vec === 4 ? 'vec4f' : 'f32', SUM: true };
  const n = size / vec;
  const params = { n, size: splits, inner: n, segments: 1, step: splits, scale: 1 };
  run(op, 'reduce', flags, { x: partial, y: dw }, params, Math.ceil(n / WG));
}
