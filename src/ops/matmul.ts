import { isRecorded, record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { checkRank, formatShape } from '../shape.js';
import { empty, type FloatType, type Tensor } from '../tensor.js';
import { activationGrad, activationNumber, type Activation } from './activation.js';
import { biasGradient, checkBias } from './conv2d.js';
import { add } from './binary.js';
import { checkFloat, floatTypeOf, swish } from './elementwise.js';
import { zeros } from './fill.js';
import { matrixGeometry, type Epilogue } from './conv_geometry.js';
import { convForward, convGradFilter, convGradInput } from './gemm.js';
import { reshape, transpose } from './movement.js';
import { roundUp } from './gemm_operand.js';
import { boundsOf, part, windows } from './run.js';
import { WIDEST } from './tiles.js';

/** Options of `matmul`. */
export interface MatmulOptions {
  /** Uses the transpose of a. */
  readonly transposeA?: boolean;
  /** Uses the transpose of b. */
  readonly transposeB?: boolean;
}

/**
 * Matrix product.
 *
 * @param a [m, k]; [k, m] with transposeA
 * @param b [k, n]; [n, k] with transposeB
 * @returns [m, n]
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA: ta = false, transposeB: tb = false } = options;
  const y = matmulRaw('matmul', a, b, ta, tb);
  return record('matmul', [a, b], y, [a, b], (dy, [x, z], needs) => {
    const gradient = (of: Tensor, a: Tensor, b: Tensor, ta: boolean, tb: boolean): Tensor =>
      matmulRaw(of === x ? 'matmul da' : 'matmul db', a, b, ta, tb, {}, of);
    const da = (): Tensor =>
      ta ? gradient(x!, z!, dy, tb, true) : gradient(x!, dy, z!, false, !tb);
    const db = (): Tensor =>
      tb ? gradient(z!, dy, x!, true, ta) : gradient(z!, x!, dy, !ta, false);
    return [needs[0] ? da() : undefined, needs[1] ? db() : undefined];
  });
}

/**
 * Fully connected layer: act(x w + bias) over the last dimension of x.
 *
 * @param x [..., k]
 * @param w [k, n]; may be larger than the binding limit of the adapter
 * @param options `bias` [n]; `activation` is applied to the result
 * @returns [..., n]
 */
export function dense(
  x: Tensor,
  w: Tensor,
  options: { readonly bias?: Tensor; readonly activation?: Activation } = {},
): Tensor {
  const { bias, activation } = options;
  checkRank('dense', 'w', w.shape, 'k, n');
  const [k, n] = w.shape as [number, number];
  if (x.rank < 1 || x.shape.at(-1) !== k) {
    throw new FoveaError(
      'SHAPE',
      `dense: the last dimension of x ${formatShape(x.shape)} must be the first of w ${formatShape(w.shape)}`,
    );
  }
  checkBias('dense', bias, n);
  const inputs = bias ? [x, w, bias] : [x, w];
  if (activation === 'swish' && isRecorded(inputs)) {
    const z = dense(x, w, bias ? { bias } : {});
    const y = swish(z);
    z.dispose();
    return y;
  }
  const epilogue = { bias, activation: activationNumber('dense', activation) };
  const rows = x.detach();
  const flat = reshape(rows, [-1, k]);
  const product = matmulRaw('dense', flat, w, false, false, epilogue);
  const y = reshape(product, [...x.shape.slice(0, -1), n]);
  for (const t of [rows, flat, product]) t.dispose();
  const fused = activation === 'swish' ? undefined : activation;
  return record('dense', inputs, y, fused ? [x, w, y] : [x, w], (dy, [sx, sw, sy], needs) => {
    const dz = reshape(fused ? activationGrad(fused, sy!, dy) : dy, [-1, n]);
    const dx = (): Tensor =>
      reshape(matmulRaw('dense dx', dz, sw!, false, true, {}, sx), sx!.shape);
    const dw = (): Tensor => matmulRaw('dense dw', reshape(sx!, [-1, k]), dz, true, false, {}, sw);
    return [
      needs[0] ? dx() : undefined,
      needs[1] ? dw() : undefined,
      needs[2] ? biasGradient(dz) : undefined,
    ];
  });
}

/**
 * The product without the tape; with an epilogue only where neither side is transposed.
 *
 * @param like the result has its type
 */
function matmulRaw(
  op: string,
  a: Tensor,
  b: Tensor,
  ta: boolean,
  tb: boolean,
  epilogue: Epilogue = {},
  like = a,
): Tensor {
  checkFloat(op, a, b);
  const dtype = floatTypeOf(op, like);
  checkRank(op, 'a', a.shape, ta ? 'k, m' : 'm, k');
  checkRank(op, 'b', b.shape, tb ? 'n, k' : 'k, n');
  const [m, k] = ta ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
  const [inner, n] = tb ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
  if (inner !== k) {
    throw new FoveaError(
      'SHAPE',
      `${op}: a ${formatShape(a.shape)}${ta ? ' transposed' : ''} has ${k} columns, ` +
        `b ${formatShape(b.shape)}${tb ? ' transposed' : ''} has ${inner} rows`,
    );
  }
  if (ta && tb) {
    const flipped = matmulRaw(op, b, a, false, false, {}, like);
    const y = transpose(flipped);
    flipped.dispose();
    return y;
  }
  if (ta) return productTN(op, a, b, [m, k, n], dtype);
  const y = empty([m, n], dtype);
  if (tb) productNT(op, a, b, y, [m, k, n]);
  else productNN(op, a, b, y, [m, k, n], epilogue);
  return y;
}

/** Largest column tile of a GEMM: its packed operand is rounded up to whole tiles and fours. */
function tileColumns({ device }: Tensor): number {
  return device.innerLoop === 'lanes' ? 64 : WIDEST;
}

type Sizes = readonly [m: number, k: number, n: number];

/** a b. A large b is used in windows of its rows, whose products are added up in order. */
function productNN(
  op: string,
  a: Tensor,
  b: Tensor,
  y: Tensor,
  [m, k, n]: Sizes,
  end: Epilogue,
): void {
  const bounds = boundsOf(y, a, b);
  // The packed window has whole tiles of columns, and rows in fours.
  const columns = roundUp(n, tileColumns(y));
  for (const mw of windows(op, m, padded(k, n), bounds)) {
    for (const kw of windows(op, k, [n, columns], bounds, 4)) {
      const g = { ...matrixGeometry(mw.rows, kw.rows, n), xStride: k, xOffset: kw.start };
      const last = kw.start + kw.rows === k;
      const epilogue = { ...(last ? end : {}), accumulate: kw.start > 0 };
      convForward(op, part(a, k, mw), part(b, n, kw), part(y, n, mw), g, epilogue);
    }
  }
}

/** a b^T. A large b is used in windows of its rows, each giving some columns of the result. */
function productNT(op: string, a: Tensor, b: Tensor, y: Tensor, [m, k, n]: Sizes): void {
  const bounds = boundsOf(y, a, b);
  const depth = roundUp(k, 4);
  for (const mw of windows(op, m, padded(k, n), bounds)) {
    for (const nw of windows(op, n, [k, depth], bounds, tileColumns(y))) {
      const g = { ...matrixGeometry(mw.rows, nw.rows, k), xStride: n, xOffset: nw.start };
      convGradInput(op, part(a, k, mw), part(b, k, nw), part(y, n, mw), g);
    }
  }
}

/**
 * a^T b. A large result is made in windows of its rows; large operands are used in windows of theirs,
 * whose products are added up in order.
 */
function productTN(op: string, a: Tensor, b: Tensor, [m, k, n]: Sizes, dtype: FloatType): Tensor {
  const bounds = boundsOf(a, b, { device: a.device, dtype });
  let total: Tensor | undefined;
  for (const kw of windows(op, k, padded(m, n), bounds)) {
    const y = empty([m, n], dtype);
    for (const mw of windows(op, m, padded(n), bounds, 4)) {
      const g = { ...matrixGeometry(kw.rows, mw.rows, n), xStride: m, xOffset: mw.start };
      convGradFilter(op, part(a, m, kw), part(b, n, kw), part(y, n, mw), g);
    }
    const before = total;
    total = before ? add(before, y) : y;
    if (before) for (const t of [before, y]) t.dispose();
  }
  return total ?? zeros([m, n], dtype);
}

/** Sizes of rows, also as the products pad them: to fours. */
function padded(...sizes: readonly number[]): number[] {
  return sizes.flatMap((size) => [size, roundUp(size, 4)]);
}
