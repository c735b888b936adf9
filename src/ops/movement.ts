import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { axisOf, formatShape, sameShape, sizeOf, stridesOf, type Shape } from '../shape.js';
import { scope } from '../scope.js';
import { empty, isFloat, Tensor } from '../tensor.js';
import { broadcastStrides } from './binary.js';
import { cast } from './cast.js';
import { floatTypeOf } from './elementwise.js';
import { fill } from './fill.js';
import { sumTo } from './reduce.js';
import { isHalf, runItems } from './run.js';

const MAX_DIMS = 6;

/** A box of elements, and how it lies in source and target. */
interface Box {
  readonly shape: Shape;
  readonly from: readonly number[];
  readonly fromOffset?: number;
  readonly to: readonly number[];
  readonly toOffset?: number;
}

/** One dimension of a box: its size, and from one element to the next in source and target. */
interface Dimension {
  readonly n: number;
  readonly x: number;
  readonly y: number;
}

/** Copies a box of elements from `x` into `y`, as they are. */
function copyBox(op: string, x: Tensor, y: Tensor, box: Box): void {
  if (box.shape.length > MAX_DIMS) {
    throw new FoveaError(
      'SHAPE',
      `${op}: more than ${MAX_DIMS} dimensions: ${formatShape(box.shape)}`,
    );
  }
  const { fromOffset = 0, toOffset = 0 } = box;
  const [inner, ...outer] = dimensionsOf(box);
  const inFours =
    [inner.n, fromOffset, toOffset, ...outer.flatMap((d) => [d.x, d.y])].every(
      (i) => i % 4 === 0,
    ) &&
    inner.x === 1 &&
    inner.y === 1;
  const v = inFours ? 4 : 1;
  const n = sizeOf(box.shape) / v;
  const params: Record<string, number> = { x_offset: fromOffset / v, y_offset: toOffset / v };
  const all = [inner, ...outer].map((d, i) =>
    i === 0 ? { ...d, n: d.n / v } : { ...d, x: d.x / v, y: d.y / v },
  );
  for (let i = 0; i < MAX_DIMS; i++) {
    params[`n${i}`] = all[i]?.n ?? 1;
    params[`x${i}`] = all[i]?.x ?? 0;
    params[`y${i}`] = all[i]?.y ?? 0;
  }
  const [one, four] = isHalf(x) ? ['f16', 'vec2u'] : ['u32', 'vec4u'];
  const flags = { D: all.length, V: inFours ? four : one };
  runItems(op, 'copy_strided', flags, { x, y }, params, n);
}

/** The dimensions of a box, innermost first; those that lie on like one are one. At least one. */
function dimensionsOf({ shape, from, to }: Box): [Dimension, ...Dimension[]] {
  const all: Dimension[] = [];
  for (let d = shape.length - 1; d >= 0; d--) {
    const [n, x, y] = [shape[d]!, from[d]!, to[d]!];
    const inner = all.at(-1);
    if (inner && x === inner.n * inner.x && y === inner.n * inner.y) {
      all[all.length - 1] = { ...inner, n: inner.n * n };
    } else if (n !== 1) {
      all.push({ n, x, y });
    }
  }
  const [first = { n: 1, x: 1, y: 1 }, ...rest] = all;
  return [first, ...rest];
}

function checkWords(op: string, x: Tensor): void {
  if (x.dtype === 'uint8') {
    throw new FoveaError('ARGUMENT', `${op}: needs float32 or int32, got uint8`, {
      hint: 'cast(x, "float32") converts.',
    });
  }
}

/** The same values under another shape, without a copy. One size may be -1: it is inferred. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const target = inferred(x, shape);
  const y = new Tensor(x.device, x.storage.retain(), target, x.dtype);
  const before = x.shape;
  return record('reshape', [x], y, [], (dy) => [reshape(dy, before)]);
}

function inferred(x: Tensor, shape: Shape): Shape {
  const known = sizeOf(shape.filter((n) => n !== -1));
  const target = shape.map((n) => (n === -1 && known > 0 ? x.size / known : n));
  if (
    shape.filter((n) => n === -1).length > 1 ||
    !target.every((n) => Number.isInteger(n) && n >= 0) ||
    sizeOf(target) !== x.size
  ) {
    throw new FoveaError(
      'SHAPE',
      `reshape: ${formatShape(x.shape)} (${x.size} elements) cannot become ${formatShape(shape)}`,
    );
  }
  return target;
}

/** Repeats a tensor along dimensions of size 1 and new leading ones. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return reshape(x, shape);
  checkWords('broadcastTo', x);
  const y = empty(shape, x.dtype);
  copyBox('broadcastTo', x, y, {
    shape,
    from: broadcastStrides(x.shape, shape),
    to: stridesOf(shape),
  });
  const before = x.shape;
  return record('broadcastTo', [x], y, [], (dy) => [sumTo(dy, before)]);
}

/** Reorders dimensions: y's dimension i is x's dimension `perm[i]`. Default: reversed. */
export function transpose(x: Tensor, perm?: readonly number[]): Tensor {
  checkWords('transpose', x);
  const order = (perm ?? x.shape.map((_, i) => x.rank - 1 - i)).map((a) =>
    axisOf('transpose', a, x.rank),
  );
  if (order.length !== x.rank || new Set(order).size !== x.rank) {
    throw new FoveaError(
      'SHAPE',
      `transpose: [${order.join(', ')}] does not reorder rank ${x.rank}`,
    );
  }
  const shape = order.map((a) => x.shape[a]!);
  const strides = stridesOf(x.shape);
  const y = empty(shape, x.dtype);
  copyBox('transpose', x, y, { shape, from: order.map((a) => strides[a]!), to: stridesOf(shape) });
  const inverse = order.map((_, i) => order.indexOf(i));
  return record('transpose', [x], y, [], (dy) => [transpose(dy, inverse)]);
}

/** Surrounds a tensor with a constant: `paddings[i]` is [before, after] of dimension i. */
export function pad(
  x: Tensor,
  paddings: readonly (readonly [number, number])[],
  value = 0,
): Tensor {
  const dtype = floatTypeOf('pad', x);
  const bad = paddings.flat().some((n) => !Number.isInteger(n) || n < 0);
  if (paddings.length !== x.rank || bad) {
    throw new FoveaError(
      'SHAPE',
      `pad: ${JSON.stringify(paddings)} are no paddings for shape ${formatShape(x.shape)}`,
    );
  }
  const shape = x.shape.map((n, i) => n + paddings[i]![0] + paddings[i]![1]);
  const y = fill(shape, value, dtype);
  const to = stridesOf(shape);
  const toOffset = paddings.reduce((sum, [before], i) => sum + before * to[i]!, 0);
  copyBox('pad', x, y, { shape: x.shape, from: stridesOf(x.shape), to, toOffset });
  const before = x.shape;
  return record('pad', [x], y, [], (dy) => [
    slice(
      dy,
      paddings.map(([b]) => b),
      before,
    ),
  ]);
}

/** The box of `size` elements that begins at `begin`; a size of -1 reaches to the end. */
export function slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor {
  checkWords('slice', x);
  const shape = size.map((n, i) => (n === -1 ? x.shape[i]! - begin[i]! : n));
  const bad = x.shape.some(
    (n, i) => !(begin[i]! >= 0 && shape[i]! >= 0 && begin[i]! + shape[i]! <= n),
  );
  if (begin.length !== x.rank || size.length !== x.rank || bad) {
    throw new FoveaError(
      'SHAPE',
      `slice: begin [${begin.join(', ')}] size [${size.join(', ')}] is outside of ${formatShape(x.shape)}`,
    );
  }
  const from = stridesOf(x.shape);
  const fromOffset = begin.reduce((sum, b, i) => sum + b * from[i]!, 0);
  const y = empty(shape, x.dtype);
  copyBox('slice', x, y, { shape, from, fromOffset, to: stridesOf(shape) });
  const full = x.shape;
  return record('slice', [x], y, [], (dy) => [
    pad(
      dy,
      full.map((n, i) => [begin[i]!, n - begin[i]! - shape[i]!] as const),
    ),
  ]);
}

/** Joins tensors along one dimension; the other dimensions must agree. */
export function concat(xs: readonly Tensor[], axis = -1): Tensor {
  const first = xs[0];
  if (!first) throw new FoveaError('ARGUMENT', 'concat: needs at least one tensor');
  const at = axisOf('concat', axis, first.rank);
  if (new Set(xs.map(({ dtype }) => dtype)).size > 1 && xs.every(isFloat)) {
    return scope(() =>
      concat(
        xs.map((x) => cast(x, 'float32')),
        axis,
      ),
    );
  }
  for (const x of xs) {
    checkWords('concat', x);
    const fits = x.rank === first.rank && x.shape.every((n, i) => i === at || n === first.shape[i]);
    if (!fits || x.dtype !== first.dtype) {
      const all = xs.map((t) => `${t.dtype} ${formatShape(t.shape)}`).join(', ');
      throw new FoveaError('SHAPE', `concat: tensors differ outside of axis ${at}: ${all}`);
    }
  }
  const shape = first.shape.map((n, i) =>
    i === at ? xs.reduce((sum, x) => sum + x.shape[at]!, 0) : n,
  );
  const y = empty(shape, first.dtype);
  const to = stridesOf(shape);
  const starts: number[] = [];
  let start = 0;
  for (const x of xs) {
    copyBox('concat', x, y, {
      shape: x.shape,
      from: stridesOf(x.shape),
      to,
      toOffset: start * to[at]!,
    });
    starts.push(start);
    start += x.shape[at]!;
  }
  const shapes = xs.map((x) => x.shape);
  return record('concat', xs, y, [], (dy, _saved, needs) =>
    shapes.map((s, i) =>
      needs[i]
        ? slice(
            dy,
            s.map((_, d) => (d === at ? starts[i]! : 0)),
            s,
          )
        : undefined,
    ),
  );
}
