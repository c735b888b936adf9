import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { broadcastShape, formatShape, stridesOf, type Shape } from '../shape.js';
import { empty, tensor, type Tensor } from '../tensor.js';
import { sumTo } from './reduce.js';
import { part, run, windows, type Window } from './run.js';

const WG = 64;

/** Throws unless all tensors are float32. */
export function checkFloat(op: string, ...tensors: readonly Tensor[]): void {
  for (const { dtype, shape } of tensors) {
    if (dtype !== 'float32') {
      throw new FoveaError('ARGUMENT', `${op}: needs float32, got ${dtype} ${formatShape(shape)}`, {
        hint: 'cast(x, "float32") converts.',
      });
    }
  }
}

/** Windows over the elements of tensors of one size. */
export function elementWindows(op: string, x: Tensor): Window[] {
  return windows(op, x.size, [1], x.device.bindingLimit);
}

type Unary =
  'relu' | 'relu6' | 'sigmoid' | 'tanh' | 'swish' | 'exp' | 'log' | 'sqrt' | 'square' | 'abs';

/** Functions whose derivative is written in terms of their input; the others', of their output. */
const SAVES_INPUT: ReadonlySet<Unary> = new Set<Unary>(['swish', 'log', 'square', 'abs']);

function unary(op: Unary, x: Tensor): Tensor {
  checkFloat(op, x);
  const flags = { WG, [op.toUpperCase()]: true };
  const y = empty(x.shape);
  for (const window of elementWindows(op, x)) {
    const n4 = Math.ceil(window.rows / 4);
    const operands = { x: part(x, 1, window), y: part(y, 1, window) };
    run(op, 'unary', flags, operands, { n4 }, Math.ceil(n4 / WG));
  }
  const saved = SAVES_INPUT.has(op) ? x : y;
  return record(op, [x], y, [saved], (dy, [s]) => [unaryGrad(op, s!, dy)]);
}

/** dy times the derivative of `op`; `s` is what `unary` saves. Also used by fused epilogues. */
export function unaryGrad(op: Unary, s: Tensor, dy: Tensor): Tensor {
  const dx = empty(s.shape);
  for (const window of elementWindows(op, s)) {
    const n4 = Math.ceil(window.rows / 4);
    const operands = { s: part(s, 1, window), dy: part(dy, 1, window), dx: part(dx, 1, window) };
    const flags = { WG, [op.toUpperCase()]: true };
    run(`${op} gradient`, 'unary_grad', flags, operands, { n4 }, Math.ceil(n4 / WG));
  }
  return dx;
}

/** max(x, 0), element by element. The gradient at 0 is 0. */
export const relu = (x: Tensor): Tensor => unary('relu', x);
/** min(max(x, 0), 6). The gradient is 0 at both ends. */
export const relu6 = (x: Tensor): Tensor => unary('relu6', x);
/** 1 / (1 + exp(-x)). */
export const sigmoid = (x: Tensor): Tensor => unary('sigmoid', x);
/** Hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => unary('tanh', x);
/** x * sigmoid(x), also called SiLU. */
export const swish = (x: Tensor): Tensor => unary('swish', x);
/** e to the power of x. */
export const exp = (x: Tensor): Tensor => unary('exp', x);
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => unary('log', x);
/** Square root. */
export const sqrt = (x: Tensor): Tensor => unary('sqrt', x);
/** x * x. */
export const square = (x: Tensor): Tensor => unary('square', x);
/** Absolute value. The gradient at 0 is 0. */
export const abs = (x: Tensor): Tensor => unary('abs', x);
/** -x. */
export const neg = (x: Tensor): Tensor => mul(x, -1);

type Binary = 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'minimum' | 'equal' | 'a_wins' | 'b_wins';

/** Computes without recording. */
function binaryRaw(op: Binary, a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShape(op, a.shape, b.shape);
  const y = empty(shape);
  const whole = (t: Tensor): boolean => t.size === y.size;
  const single = (t: Tensor): boolean => t.size === 1;
  if (!((whole(a) || single(a)) && (whole(b) || single(b)))) return broadcastInto(op, a, b, y);
  const flags = {
    WG,
    [op.toUpperCase()]: true,
    SCALAR_A: !whole(a),
    SCALAR_B: whole(a) && !whole(b),
  };
  for (const window of elementWindows(op, y)) {
    const of = (t: Tensor): Tensor | ReturnType<typeof part> => (whole(t) ? part(t, 1, window) : t);
    const n4 = Math.ceil(window.rows / 4);
    run(op, 'binary', flags, { a: of(a), b: of(b), y: of(y) }, { n4 }, Math.ceil(n4 / WG));
  }
  return y;
}

const MAX_DIMS = 6;

function broadcastInto(op: Binary, a: Tensor, b: Tensor, y: Tensor): Tensor {
  const dims = mergeDims(
    y.shape,
    broadcastStrides(a.shape, y.shape),
    broadcastStrides(b.shape, y.shape),
  );
  if (dims.length > MAX_DIMS) {
    throw new FoveaError(
      'SHAPE',
      `${op}: broadcasting ${formatShape(a.shape)} with ${formatShape(b.shape)} needs more than ${MAX_DIMS} dimensions`,
    );
  }
  const params: Record<string, number> = { n: y.size };
  for (let i = 0; i < MAX_DIMS; i++) {
    const [n, as, bs] = dims[dims.length - 1 - i] ?? [1, 0, 0];
    params[`n${i}`] = n;
    params[`a${i}`] = as;
    params[`b${i}`] = bs;
  }
  const flags = { WG, [op.toUpperCase()]: true };
  run(op, 'binary_broadcast', flags, { a, b, y }, params, Math.ceil(y.size / WG));
  return y;
}

/** Strides of `shape` seen as `target`: 0 where it is repeated. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape);
  const shift = target.length - shape.length;
  return target.map((_, i) => (i < shift || shape[i - shift] === 1 ? 0 : strides[i - shift]!));
}

/** Joins neighbouring dimensions that are contiguous in both operands. Entries: [size, a, b]. */
function mergeDims(
  shape: Shape,
  a: readonly number[],
  b: readonly number[],
): [number, number, number][] {
  const dims: [number, number, number][] = [];
  shape.forEach((n, i) => {
    if (n === 1) return;
    const outer = dims.at(-1);
    if (outer && outer[1] === a[i]! * n && outer[2] === b[i]! * n) {
      dims[dims.length - 1] = [outer[0] * n, a[i]!, b[i]!];
    } else {
      dims.push([n, a[i]!, b[i]!]);
    }
  });
  return dims;
}

/** 1 where a equals b, else 0; broadcasting, no gradient. */
export const equal = (a: Tensor, b: Tensor): Tensor => binaryRaw('equal', a, b);

type Value = Tensor | number;

function binary(
  op: 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'minimum',
  left: Value,
  right: Value,
  saves: boolean,
  back: (dy: Tensor, a: Tensor, b: Tensor) => [() => Tensor, () => Tensor],
): Tensor {
  const a = typeof left === 'number' ? tensor(left) : left;
  const b = typeof right === 'number' ? tensor(right) : right;
  checkFloat(op, a, b);
  const [aShape, bShape] = [a.shape, b.shape];
  const y = record(op, [a, b], binaryRaw(op, a, b), saves ? [a, b] : [], (dy, saved, needs) => {
    const [da, db] = back(dy, saved[0]!, saved[1]!);
    return [needs[0] ? sumTo(da(), aShape) : undefined, needs[1] ? sumTo(db(), bShape) : undefined];
  });
  if (typeof left === 'number') a.dispose();
  if (typeof right === 'number') b.dispose();
  return y;
}

/** a + b with broadcasting. */
export const add = (a: Value, b: Value): Tensor =>
  binary('add', a, b, false, (dy) => [() => dy, () => dy]);
/** a - b with broadcasting. */
export const sub = (a: Value, b: Value): Tensor =>
  binary('sub', a, b, false, (dy) => [() => dy, () => neg(dy)]);
/** a * b with broadcasting. */
export const mul = (a: Value, b: Value): Tensor =>
  binary('mul', a, b, true, (dy, x, z) => [() => mul(dy, z), () => mul(dy, x)]);
/** a / b with broadcasting. */
export const div = (a: Value, b: Value): Tensor =>
  binary('div', a, b, true, (dy, x, z) => [
    () => div(dy, z),
    () => neg(div(mul(dy, x), square(z))),
  ]);
/** The larger of a and b, with broadcasting. At a tie each gets half of the gradient. */
export const maximum = (a: Value, b: Value): Tensor =>
  binary('maximum', a, b, true, (dy, x, z) => [
    () => mul(dy, binaryRaw('a_wins', x, z)),
    () => mul(dy, binaryRaw('b_wins', x, z)),
  ]);
/** The smaller of a and b, with broadcasting. At a tie each gets half of the gradient. */
export const minimum = (a: Value, b: Value): Tensor =>
  binary('minimum', a, b, true, (dy, x, z) => [
    () => mul(dy, binaryRaw('b_wins', x, z)),
    () => mul(dy, binaryRaw('a_wins', x, z)),
  ]);
