import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { broadcastShape, formatShape, stridesOf, type Shape } from '../shape.js';
import { empty, tensor, type FloatType, type Tensor } from '../tensor.js';
import { activationGrad, activationNumber, type Activation } from './activation.js';
import { checkFloat, elementWindows, square } from './elementwise.js';
import { sumTo } from './reduce.js';
import { isHalf, part, runItems } from './run.js';

type Comparison = 'equal' | 'greater' | 'greater_equal';
type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'minimum';
type Binary = Arithmetic | Comparison | 'a_wins' | 'b_wins';

/** Computes without recording. */
function binaryRaw(op: Binary, a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShape(op, a.shape, b.shape);
  const y = empty(shape, resultType(a, b));
  const whole = (t: Tensor): boolean => t.size === y.size;
  const single = (t: Tensor): boolean => t.size === 1;
  if (!((whole(a) || single(a)) && (whole(b) || single(b)))) return broadcastInto(op, a, b, y);
  const flags = {
    [op.toUpperCase()]: true,
    SCALAR_A: !whole(a),
    SCALAR_B: whole(a) && !whole(b),
  };
  for (const window of elementWindows(op, y, a, b)) {
    const of = (t: Tensor): Tensor | ReturnType<typeof part> => (whole(t) ? part(t, 1, window) : t);
    const n4 = Math.ceil(window.rows / 4);
    runItems(op, 'binary', flags, { a: of(a), b: of(b), y: of(y) }, {}, n4);
  }
  return y;
}

/** float16 where both are; a single value follows the other operand, as in PyTorch. */
function resultType(...operands: readonly [Tensor, Tensor]): FloatType {
  const wide = operands.filter(({ size }) => size > 1);
  const deciding = wide.length > 0 ? wide : operands;
  return deciding.every(isHalf) ? 'float16' : 'float32';
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
  // Innermost first. Strides along it are 0 or 1: in fours, an operand counts vec4s or repeats one value.
  dims.reverse();
  const [inner, aInner, bInner] = dims[0]!;
  const FOURS = inner % 4 === 0;
  const [aUnit, bUnit] = [aInner, bInner].map((stride) => (FOURS && stride === 1 ? 4 : 1));
  const params: Record<string, number> = {};
  for (let i = 0; i < MAX_DIMS; i++) {
    const [n, as, bs] = dims[i] ?? [1, 0, 0];
    params[`n${i}`] = FOURS && i === 0 ? n / 4 : n;
    params[`a${i}`] = i === 0 ? as : as / aUnit!;
    params[`b${i}`] = i === 0 ? bs : bs / bUnit!;
  }
  const typeOf = (unit: number): string => (unit === 4 ? 'vec4f' : 'f32');
  const types = { A: typeOf(aUnit!), B: typeOf(bUnit!), Y: typeOf(FOURS ? 4 : 1), FOURS };
  const flags = { [op.toUpperCase()]: true, D: dims.length, ...types };
  runItems(op, 'binary_broadcast', flags, { a, b, y }, params, y.size / (FOURS ? 4 : 1));
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

type Value = Tensor | number;

/** Tensors of the operands; those made from numbers are freed when `use` is done. */
function withTensors(left: Value, right: Value, use: (a: Tensor, b: Tensor) => Tensor): Tensor {
  const a = typeof left === 'number' ? tensor(left) : left;
  const b = typeof right === 'number' ? tensor(right) : right;
  try {
    return use(a, b);
  } finally {
    if (a !== left) a.dispose();
    if (b !== right) b.dispose();
  }
}

function compare(op: string, f: Comparison, left: Value, right: Value): Tensor {
  return withTensors(left, right, (a, b) => {
    checkFloat(op, a, b);
    return binaryRaw(f, a, b);
  });
}

/** 1 where a equals b, else 0; broadcasting, no gradient. */
export const equal = (a: Value, b: Value): Tensor => compare('equal', 'equal', a, b);
/** 1 where a > b, else 0; broadcasting, no gradient. */
export const greater = (a: Value, b: Value): Tensor => compare('greater', 'greater', a, b);
/** 1 where a >= b, else 0; broadcasting, no gradient. */
export const greaterEqual = (a: Value, b: Value): Tensor =>
  compare('greaterEqual', 'greater_equal', a, b);
/** 1 where a < b, else 0; broadcasting, no gradient. */
export const less = (a: Value, b: Value): Tensor => compare('less', 'greater', b, a);

function binary(
  op: Arithmetic,
  left: Value,
  right: Value,
  saves: boolean,
  back: (dy: Tensor, a: Tensor, b: Tensor) => [() => Tensor, () => Tensor],
): Tensor {
  return withTensors(left, right, (a, b) => {
    checkFloat(op, a, b);
    const [aShape, bShape] = [a.shape, b.shape];
    return record(op, [a, b], binaryRaw(op, a, b), saves ? [a, b] : [], (dy, saved, needs) => {
      const [da, db] = back(dy, saved[0]!, saved[1]!);
      return [
        needs[0] ? sumTo(da(), aShape) : undefined,
        needs[1] ? sumTo(db(), bShape) : undefined,
      ];
    });
  });
}

/** a + b with broadcasting. */
export const add = (a: Value, b: Value): Tensor =>
  binary('add', a, b, false, (dy) => [() => dy, () => dy]);

/** act(a + b) of two tensors of one shape, in one pass. */
export function addThen(a: Tensor, b: Tensor, activation: Exclude<Activation, 'swish'>): Tensor {
  const y = addActivated(a, b, activation);
  return record('add', [a, b], y, [y], (dy, [result]) => {
    const d = activationGrad(activation, result!, dy);
    return [d, d];
  });
}

/** act(a + b) of two tensors of one shape, in one pass. Not on the tape. */
export function addActivated(a: Tensor, b: Tensor, activation: Activation | undefined): Tensor {
  const y = empty(a.shape, resultType(a, b));
  const flags = { ACTIVATION: activationNumber('add', activation) };
  for (const window of elementWindows('add', y, a, b)) {
    const n4 = Math.ceil(window.rows / 4);
    const operands = { a: part(a, 1, window), b: part(b, 1, window), y: part(y, 1, window) };
    runItems('add', 'add_activation', flags, operands, {}, n4);
  }
  return y;
}

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
/** -x. */
export const neg = (x: Tensor): Tensor => mul(x, -1);
