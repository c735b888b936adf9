import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { formatShape } from '../shape.js';
import { empty, isFloat, type FloatType, type Tensor } from '../tensor.js';
import { boundsOf, part, runItems, windows, type Window } from './run.js';

/** Throws unless all tensors are float32 or float16. */
export function checkFloat(op: string, ...tensors: readonly Tensor[]): void {
  for (const tensor of tensors) floatTypeOf(op, tensor);
}

/** The type of a float tensor. Throws for others. */
export function floatTypeOf(op: string, tensor: Tensor): FloatType {
  if (isFloat(tensor)) return tensor.dtype;
  const { dtype, shape } = tensor;
  throw new FoveaError('ARGUMENT', `${op}: needs float32, got ${dtype} ${formatShape(shape)}`, {
    hint: 'cast(x, "float32") converts.',
  });
}

/** Windows over the elements of tensors of one size. */
export function elementWindows(op: string, ...tensors: readonly Tensor[]): Window[] {
  return windows(op, tensors[0]!.size, [1], boundsOf(...tensors));
}

/** Functions of one argument; they are the flags of shaders/unary and shaders/unary_grad. */
type Unary =
  | 'relu'
  | 'relu6'
  | 'sigmoid'
  | 'tanh'
  | 'swish'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'rsqrt'
  | 'square'
  | 'abs'
  | 'sign'
  | 'clip'
  | 'pow'
  | 'piecewise'
  | 'elu'
  | 'gelu'
  | 'gelu_tanh'
  | 'hard_sigmoid'
  | 'hard_swish'
  | 'mish'
  | 'softplus'
  | 'softsign';

/** Functions whose derivative is written in terms of their output; the others', of their input. */
const SAVES_OUTPUT: ReadonlySet<Unary> = new Set<Unary>([
  'relu',
  'relu6',
  'sigmoid',
  'tanh',
  'exp',
  'sqrt',
  'rsqrt',
]);

/** Numbers of a function; shaders/unary says what they mean to it. */
export type Coefficients = readonly [a?: number, b?: number, c?: number];

/** Runs `unary` or `unary_grad`; all operands have one size. */
function unaryKernel(
  op: string,
  kernel: 'unary' | 'unary_grad',
  f: Unary,
  tensors: Readonly<Record<string, Tensor>>,
  [a = 0, b = 0, c = 0]: Coefficients,
): void {
  const flags = { [f.toUpperCase()]: true };
  const entries = Object.entries(tensors);
  for (const window of elementWindows(op, ...Object.values(tensors))) {
    const n4 = Math.ceil(window.rows / 4);
    const operands = Object.fromEntries(entries.map(([name, t]) => [name, part(t, 1, window)]));
    runItems(op, kernel, flags, operands, { a, b, c }, n4);
  }
}

/** f(x) element by element, under the name `op`. */
export function unary(op: string, x: Tensor, f: Unary, coefficients: Coefficients = []): Tensor {
  checkFloat(op, x);
  const y = empty(x.shape, x.dtype);
  unaryKernel(op, 'unary', f, { x, y }, coefficients);
  const saved = SAVES_OUTPUT.has(f) ? y : x;
  return record(op, [x], y, [saved], (dy, [s]) => [unaryGrad(op, s!, dy, f, coefficients)]);
}

/** dy times the derivative of `f`; `s` is what `unary` saves. Also used by fused epilogues. */
export function unaryGrad(
  op: string,
  s: Tensor,
  dy: Tensor,
  f: Unary,
  coefficients: Coefficients = [],
): Tensor {
  const dx = empty(s.shape, s.dtype);
  unaryKernel(`${op} gradient`, 'unary_grad', f, { s, dy, dx }, coefficients);
  return dx;
}

/** Options of `relu`. */
export interface ReluOptions {
  /** Slope up to the threshold. Default 0. */
  readonly negativeSlope?: number;
  /** The largest result. Default: no limit. */
  readonly maxValue?: number;
  /** Where the function begins to rise; at the threshold itself it is still 0. Default 0. */
  readonly threshold?: number;
}

const LARGEST = 3.4028234663852886e38;

/**
 * max(x, 0), element by element; with options, as in Keras: min(x, maxValue) above the threshold,
 * negativeSlope * (x - threshold) up to it. The gradient at the
 * threshold is negativeSlope, and 1 at maxValue.
 */
export function relu(x: Tensor, options: ReluOptions = {}): Tensor {
  const { negativeSlope = 0, maxValue = LARGEST, threshold = 0 } = options;
  if (negativeSlope === 0 && maxValue === LARGEST && threshold === 0)
    return unary('relu', x, 'relu');
  if (!(maxValue >= threshold) || !Number.isFinite(negativeSlope + threshold)) {
    throw new FoveaError(
      'ARGUMENT',
      `relu: needs numbers, and maxValue not below threshold, got ${JSON.stringify(options)}`,
    );
  }
  return unary('relu', x, 'piecewise', [negativeSlope, threshold, Math.min(maxValue, LARGEST)]);
}
/** min(max(x, 0), 6). The gradient is 0 at both ends. */
export const relu6 = (x: Tensor): Tensor => unary('relu6', x, 'relu6');
/** 1 / (1 + exp(-x)). */
export const sigmoid = (x: Tensor): Tensor => unary('sigmoid', x, 'sigmoid');
/** Hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => unary('tanh', x, 'tanh');
/** x * sigmoid(x), also called SiLU. */
export const swish = (x: Tensor): Tensor => unary('swish', x, 'swish');
/** e to the power of x. */
export const exp = (x: Tensor): Tensor => unary('exp', x, 'exp');
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => unary('log', x, 'log');
/** Square root. */
export const sqrt = (x: Tensor): Tensor => unary('sqrt', x, 'sqrt');
/** x * x. */
export const square = (x: Tensor): Tensor => unary('square', x, 'square');
/** Absolute value. The gradient at 0 is 0. */
export const abs = (x: Tensor): Tensor => unary('abs', x, 'abs');
/** 1 / sqrt(x). */
export const rsqrt = (x: Tensor): Tensor => unary('rsqrt', x, 'rsqrt');
/** 1, 0 or -1. The gradient is 0. */
export const sign = (x: Tensor): Tensor => unary('sign', x, 'sign');

/** min(max(x, low), high). The gradient is 1 from `low` to `high`, both included, and 0 outside. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  if (!(low <= high)) {
    throw new FoveaError('ARGUMENT', `clip: low must not be above high, got ${low} and ${high}`);
  }
  const finite = (v: number): number => Math.min(Math.max(v, -LARGEST), LARGEST);
  return unary('clip', x, 'clip', [finite(low), finite(high)]);
}

/** x to the power of a number. NaN where x is negative and the exponent is not whole. */
export function pow(x: Tensor, exponent: number): Tensor {
  if (!Number.isFinite(exponent)) {
    throw new FoveaError('ARGUMENT', `pow: the exponent must be a finite number, got ${exponent}`);
  }
  // What |x|^exponent is multiplied by where x is negative.
  const negative = Number.isInteger(exponent) ? (exponent % 2 === 0 ? 1 : -1) : NaN;
  return unary('pow', x, 'pow', [exponent, negative]);
}
