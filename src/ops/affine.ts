import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { checkRank, formatShape, pairOf, sameShape } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import { checkFloat } from './elementwise.js';
import { boundsOf, part, run, windows } from './run.js';

const WG = 64;
const FILL_MODES = ['reflect', 'constant', 'nearest', 'wrap'] as const;
const INTERPOLATIONS = ['bilinear', 'nearest'] as const;

/** Options of `affine`. */
export interface AffineOptions {
  /** Height and width of the result. Default: those of x. */
  readonly size?: readonly [height: number, width: number];
  /**
   * What lies outside of an image abcd: 'reflect' (the default) dcba|abcd|dcba, 'nearest'
   * aaaa|abcd|dddd, 'wrap' abcd|abcd|abcd, 'constant' fillValue.
   */
  readonly fillMode?: (typeof FILL_MODES)[number];
  /** Default 0. */
  readonly fillValue?: number;
  /** Default 'bilinear': a mix of four neighbours. 'nearest' copies one. */
  readonly interpolation?: (typeof INTERPOLATIONS)[number];
}

/**
 * Rotates, moves, scales and shears images, each by its own transform, with the rules of
 * TensorFlow's ImageProjectiveTransformV3, which Keras's random layers use.
 *
 * @param x [n, h, w, c]
 * @param transforms [n, 6], rows of a0, a1, a2, b0, b1, b2: pixel (x, y) of the result is what lies at
 *   (a0 x + a1 y + a2, b0 x + b1 y + b2) in the image. They get no gradient.
 * @returns [n, height, width, c]
 * @throws FoveaError when shapes or options do not fit
 */
export function affine(x: Tensor, transforms: Tensor, options: AffineOptions = {}): Tensor {
  const op = 'affine';
  checkFloat(op, x, transforms);
  checkRank(op, 'x', x.shape, 'n, h, w, c');
  const [n, h, w, c] = x.shape as [number, number, number, number];
  checkTransforms(op, x, transforms);
  const { fillMode = 'reflect', fillValue = 0, interpolation = 'bilinear' } = options;
  checkChoice(op, 'fillMode', fillMode, FILL_MODES);
  checkChoice(op, 'interpolation', interpolation, INTERPOLATIONS);
  const [oh, ow] = pairOf(op, 'size', options.size ?? [h, w]);
  const plan: Plan = {
    flags: { [`FILL_${fillMode.toUpperCase()}`]: true, NEAREST: interpolation === 'nearest' },
    params: { h, w, oh, ow, fill: fillValue },
    transforms,
  };
  const y = empty([n, oh, ow, c], x.dtype);
  dispatch(op, 'affine', plan, { x, y }, oh * ow);
  const { shape, dtype } = x;
  return record(op, [x], y, [transforms], (dy, [saved]) => {
    const dx = empty(shape, dtype);
    const again = { ...plan, transforms: saved! };
    dispatch(`${op} gradient`, 'affine_grad', again, { dy, dx }, 1);
    return [dx];
  });
}

function checkTransforms(op: string, x: Tensor, { shape, requiresGrad }: Tensor): void {
  if (!sameShape(shape, [x.shape[0]!, 6]) || x.size === 0) {
    throw new FoveaError(
      'SHAPE',
      `${op}: transforms ${formatShape(shape)} do not fit x ${formatShape(x.shape)}`,
      { hint: 'transforms is [n, 6] for x [n, h, w, c], with at least one image and pixel.' },
    );
  }
  if (requiresGrad) {
    throw new FoveaError('ARGUMENT', `${op}: transforms require a gradient, and get none`, {
      hint: 'detach() takes them off the tape.',
    });
  }
}

function checkChoice(op: string, name: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  throw new FoveaError('ARGUMENT', `${op}: ${name} is one of ${known.join(', ')}, got '${value}'`);
}

interface Plan {
  readonly flags: Readonly<Record<string, boolean>>;
  readonly params: Readonly<Record<string, number>>;
  readonly transforms: Tensor;
}

/** Runs one of the kernels on windows of images; `work` invocations per image and channel. */
function dispatch(
  op: string,
  kernel: string,
  { flags, params, transforms }: Plan,
  tensors: Readonly<Record<string, Tensor>>,
  work: number,
): void {
  const entries = Object.entries(tensors);
  const [n, , , c] = entries[0]![1].shape as [number, number, number, number];
  const vec = c % 4 === 0 ? 4 : 1;
  const all = { WG, T: vec === 4 ? 'vec4f' : 'f32', ...flags };
  const sizes = entries.map(([, t]) => t.size / n);
  for (const window of windows(op, n, sizes, boundsOf(...Object.values(tensors)))) {
    const parts = entries.map(([name, t]) => [name, part(t, t.size / n, window)] as const);
    const operands = { ...Object.fromEntries(parts), transforms };
    const count = (window.rows * work * c) / vec;
    const numbers = { n: count, c: c / vec, first: window.start, ...params };
    run(op, kernel, all, operands, numbers, Math.ceil(count / WG));
  }
}
