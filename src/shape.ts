import { FoveaError } from './errors.js';

/** Sizes of the dimensions, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

/** Padding of a window operation: TensorFlow's 'same' and 'valid', or [[top, bottom], [left, right]]. */
export type Padding =
  'same' | 'valid' | readonly [readonly [number, number], readonly [number, number]];

/** One number for both, or [vertical, horizontal]. */
export type Pair = number | readonly [number, number];

/** Number of elements of a shape. Throws for sizes that are no non-negative integers. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) {
    if (!Number.isInteger(n) || n < 0) {
      throw new FoveaError('SHAPE', `shape ${formatShape(shape)}: ${n} is not a size`);
    }
    size *= n;
  }
  return size;
}

/** A shape as text: [2, 3]. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** Distance in elements between neighbours along each dimension, row-major. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/** Throws unless the tensor has the rank that `op` needs; `axes` names them, as 'n, h, w, c'. */
export function checkRank(op: string, name: string, shape: Shape, axes: string): void {
  const rank = axes.split(',').length;
  if (shape.length === rank) return;
  const missing = shape.length === rank - 1 ? `Is the batch dimension missing? ` : '';
  throw new FoveaError(
    'SHAPE',
    `${op}: ${name} must have rank ${rank} [${axes}], got shape ${formatShape(shape)}`,
    { hint: `${missing}reshape() changes the shape.` },
  );
}

/** A dimension counted from the end when negative. Throws outside of the rank. */
export function axisOf(op: string, axis: number, rank: number): number {
  const index = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(axis) && index >= 0 && index < rank) return index;
  throw new FoveaError('SHAPE', `${op}: axis ${axis} is outside of rank ${rank}`);
}

/** Several axes, sorted and without repetition; all of them when undefined. */
export function axesOf(
  op: string,
  axis: number | readonly number[] | undefined,
  rank: number,
): number[] {
  if (axis === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof axis === 'number' ? [axis] : axis).map((a) => axisOf(op, a, rank));
  if (new Set(list).size !== list.length) {
    throw new FoveaError('SHAPE', `${op}: axis ${String(axis)} names a dimension twice`);
  }
  return list.sort((a, b) => a - b);
}

/** The shape that two shapes broadcast to, by NumPy's rule. Throws when they do not. */
export function broadcastShape(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[i - rank + a.length] ?? 1;
    const n = b[i - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new FoveaError(
        'SHAPE',
        `${op}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast: ` +
          `dimension ${i - rank} is ${m} and ${n}`,
      );
    }
    return m === 1 ? n : m;
  });
}

/** Makes a pair of positive integers. */
export function pairOf(op: string, name: string, value: Pair): readonly [number, number] {
  const pair = typeof value === 'number' ? ([value, value] as const) : value;
  for (const n of pair) {
    if (!Number.isInteger(n) || n < 1) {
      throw new FoveaError(
        'ARGUMENT',
        `${op}: ${name} must be positive integers, got ${String(value)}`,
      );
    }
  }
  return pair;
}

/** How a window moves along one dimension. */
export interface WindowAxis {
  readonly in: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Cells added before the first one; the rest of the padding follows from `out`. */
  readonly before: number;
}

/**
 * Output size and padding of a window operation along one dimension. 'same' gives
 * ceil(in / stride), with the odd cell of padding at the end, as TensorFlow does.
 */
export function windowAxis(
  op: string,
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: 'same' | 'valid' | readonly [number, number],
): WindowAxis {
  const span = (kernel - 1) * dilation + 1;
  const axis = { in: size, kernel, stride, dilation };
  if (padding === 'same') {
    const out = Math.ceil(size / stride);
    const total = Math.max((out - 1) * stride + span - size, 0);
    return { ...axis, out, before: Math.floor(total / 2) };
  }
  const [before, after] = padding === 'valid' ? [0, 0] : padding;
  const out = Math.floor((size + before + after - span) / stride) + 1;
  if (out < 1) {
    throw new FoveaError(
      'SHAPE',
      `${op}: a window of ${span} does not fit into ${size} cells with padding ${before} + ${after}`,
      { hint: "Use padding 'same', a smaller kernel, or a larger input." },
    );
  }
  return { ...axis, out, before };
}

/** Both dimensions of a window operation on [n, h, w, c]. */
export function windowAxes(
  op: string,
  [h, w]: readonly [number, number],
  kernel: readonly [number, number],
  attributes: { strides: Pair; dilation?: Pair; padding: Padding },
): readonly [WindowAxis, WindowAxis] {
  const strides = pairOf(op, 'strides', attributes.strides);
  const dilation = pairOf(op, 'dilation', attributes.dilation ?? 1);
  const { padding } = attributes;
  checkPadding(op, padding);
  const of = (i: 0 | 1, size: number): WindowAxis => {
    const pad = typeof padding === 'string' ? padding : padding[i];
    return windowAxis(op, size, kernel[i], strides[i], dilation[i], pad);
  };
  return [of(0, h), of(1, w)];
}

function checkPadding(op: string, padding: Padding): void {
  if (padding === 'same' || padding === 'valid') return;
  const explicit: unknown = padding;
  const good =
    Array.isArray(explicit) &&
    explicit.length === 2 &&
    explicit.flat().length === 4 &&
    explicit.flat().every((n) => Number.isInteger(n) && (n as number) >= 0);
  if (!good) {
    throw new FoveaError(
      'ARGUMENT',
      `${op}: padding must be 'same', 'valid' or [[top, bottom], [left, right]], got ${JSON.stringify(padding)}`,
    );
  }
}

/** Greatest common divisor of two whole numbers from 0. */
export function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
