import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { checkRank, formatShape, pairOf } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import { checkFloat } from './elementwise.js';
import { boundsOf, part, runChannels, windows } from './run.js';

/** Options of `resize`. */
export interface ResizeOptions {
  /** Default 'bilinear': a mix of four neighbours. 'nearest' copies one. Neither antialiases. */
  readonly method?: 'nearest' | 'bilinear';
  /** Whether the centres of the corner cells stay where they are. Default false. */
  readonly alignCorners?: boolean;
  /** Whether a cell's place is its centre, and not its corner. Default true, unless alignCorners. */
  readonly halfPixelCenters?: boolean;
}

/**
 * Changes height and width of images, with the coordinate rules of TensorFlow: by default those of
 * `tf.image.resize` and Keras, with the other two of its older functions.
 *
 * @param x [n, h, w, c]
 * @param size height and width of the result
 * @returns [n, height, width, c]
 * @throws FoveaError when x is no float tensor of rank 4, or both rules are asked for
 */
export function resize(
  x: Tensor,
  size: readonly [height: number, width: number],
  options: ResizeOptions = {},
): Tensor {
  checkFloat('resize', x);
  checkRank('resize', 'x', x.shape, 'n, h, w, c');
  const target = pairOf('resize', 'size', size);
  const plan = planOf(x.shape, target, options);
  const [n, , , c] = x.shape as [number, number, number, number];
  const y = empty([n, ...target, c], x.dtype);
  dispatch('resize', 'resize', plan, { x, y }, y);
  const { shape, dtype } = x;
  return record('resize', [x], y, [], (dy) => {
    const dx = empty(shape, dtype);
    dispatch('resize gradient', 'resize_grad', plan, { dy, dx }, dx);
    return [dx];
  });
}

type Rule = 'corners' | 'centres' | 'legacy';

interface Plan {
  readonly nearest: boolean;
  readonly params: Readonly<Record<string, number>>;
}

function planOf(
  shape: readonly number[],
  [oh, ow]: readonly [number, number],
  options: ResizeOptions,
): Plan {
  const { method = 'bilinear', alignCorners = false } = options;
  const { halfPixelCenters = !alignCorners } = options;
  if (alignCorners && halfPixelCenters) {
    throw new FoveaError(
      'ARGUMENT',
      `resize: alignCorners and halfPixelCenters exclude each other, got both for x ${formatShape(shape)}`,
      { hint: 'Leave halfPixelCenters out: alignCorners turns it off.' },
    );
  }
  if (!['nearest', 'bilinear'].includes(method)) {
    throw new FoveaError('ARGUMENT', `resize: method is 'nearest' or 'bilinear', got '${method}'`);
  }
  const [, h, w] = shape as [number, number, number, number];
  if (h === 0 || w === 0 || 4 * Math.max(h * oh, w * ow) >= 2 ** 31) {
    throw new FoveaError('SHAPE', `resize: cannot bring ${formatShape(shape)} to ${oh}x${ow}`);
  }
  const rule: Rule = alignCorners ? 'corners' : halfPixelCenters ? 'centres' : 'legacy';
  const nearest = method === 'nearest';
  const [rows, columns] = [axisOf(h, oh, rule, nearest), axisOf(w, ow, rule, nearest)];
  return {
    nearest,
    params: {
      h,
      w,
      oh,
      ow,
      ya: rows.a,
      yb: rows.b,
      yd: rows.d,
      xa: columns.a,
      xb: columns.b,
      xd: columns.d,
    },
  };
}

/** Output cell i lies at (i * a + b) / d of the input; for nearest, that is rounded down. */
function axisOf(
  size: number,
  out: number,
  rule: Rule,
  nearest: boolean,
): { a: number; b: number; d: number } {
  if (rule === 'legacy') return { a: size, b: 0, d: out };
  if (rule === 'centres') return { a: 2 * size, b: nearest ? size : size - out, d: 2 * out };
  if (out === 1) return { a: 0, b: 0, d: 1 };
  return nearest
    ? { a: 2 * (size - 1), b: out - 1, d: 2 * (out - 1) }
    : { a: size - 1, b: 0, d: out - 1 };
}

/** Runs one of the kernels on windows of images; `grid` has one invocation per element. */
function dispatch(
  op: string,
  kernel: string,
  { nearest, params }: Plan,
  tensors: Readonly<Record<string, Tensor>>,
  grid: Tensor,
): void {
  const [n, , , c] = grid.shape as [number, number, number, number];
  const vec = c % 4 === 0 ? 4 : 1;
  const flags = { T: vec === 4 ? 'vec4f' : 'f32', NEAREST: nearest };
  const pixels = (t: Tensor): number => t.shape[1]! * t.shape[2]!;
  const perImage = (t: Tensor): number => pixels(t) * c;
  const sizes = Object.values(tensors).map(perImage);
  for (const window of windows(op, n, sizes, boundsOf(...Object.values(tensors)))) {
    const operands = Object.fromEntries(
      Object.entries(tensors).map(([name, t]) => [name, part(t, perImage(t), window)] as const),
    );
    const size = { pixels: window.rows * pixels(grid), c: c / vec };
    runChannels(op, kernel, flags, operands, params, size);
  }
}
