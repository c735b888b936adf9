import { empty, type Tensor } from '../tensor.js';
import { biasKind, type Epilogue } from './conv_geometry.js';
import { lanesKernel, roundUp, type Columns, type GemmKernel } from './gemm_operand.js';
import { clampOf, matrixRows, multiply, type ProductOperands, type Rows } from './product.js';
import { deviceOf, run, type Operand } from './run.js';

const WG = 64;
/** Multiplications of a convolution from which on saving three quarters of them repays compiling the transforms. */
const MIN_WORK = 60e6;
/** Tiles of pixels, below which the filters' transform costs too much. */
const MIN_TILES = 16;
/** Most floats of transformed pixels at a time, and of transformed filters. */
const [MAX_PIXELS, MAX_FILTERS] = [2 * 1024 * 1024, 2.5 * 1024 * 1024];
/** Rows and columns of a transformed tile, and its positions. */
const EDGE = 6;
const POSITIONS = EDGE * EDGE;

/** Whether Winograd's algorithm can do a product, and pays. */
export function isWinograd(
  { c }: ProductOperands,
  rows: Rows,
  { n, k, kh, kw }: Columns,
  epilogue: Epilogue,
): boolean {
  const is3x3 = kh === 3 && kw === 3 && rows.c_sh === 1 && rows.c_sw === 1;
  const isDense = rows.sh === 1 && rows.sw === 1 && rows.dh ** 2 === 1 && rows.dw ** 2 === 1;
  const { a_stride, a_offset, c_stride, c_offset } = rows;
  const inFours = [n, k, a_stride, a_offset, c_stride, c_offset].every((i) => i % 4 === 0);
  const isPlain = clampOf(epilogue) !== undefined && !epilogue.accumulate;
  // The transforms take as long a channel as a product with some 12 channels.
  const isDeep = n * k >= 12 * (n + k);
  const pays = isDeep && tilesOf(rows).all >= MIN_TILES && 9 * rows.m * n * k >= MIN_WORK;
  const fits = 4 * Math.max(MAX_PIXELS, MAX_FILTERS) <= deviceOf(c).bindingLimit;
  return is3x3 && isDense && inFours && isPlain && fits && pays;
}

function tilesOf({ m, row_h, row_w }: Rows): Record<'y' | 'x' | 'all', number> {
  const [y, x] = [Math.ceil(row_h / 4), Math.ceil(row_w / 4)];
  return { y, x, all: (m / (row_h * row_w)) * y * x };
}

/** Columns whose filter is turned where a product steps backwards, as input gradients do. */
function turned({ dh, dw }: Rows, columns: Columns): Columns {
  const { offset, s_ty, s_tx } = columns;
  return {
    ...columns,
    offset: offset + (dh < 0 ? 2 * s_ty : 0) + (dw < 0 ? 2 * s_tx : 0),
    s_ty: dh * s_ty,
    s_tx: dw * s_tx,
  };
}

/** c = act(a w + bias) with a quarter of the multiplications. */
export function winograd(
  op: string,
  { a, w, c }: ProductOperands,
  rows: Rows,
  columns: Columns,
  epilogue: Epilogue,
): void {
  const { n, k } = columns;
  const tiles = tilesOf(rows);
  const kernel = lanesKernel(w, tiles.all, { ...columns, kh: 1, kw: 1 });
  const { NT } = kernel.flags;
  const most = Math.max(MIN_TILES, Math.floor(MAX_PIXELS / (POSITIONS * Math.max(n, k))));
  const filters = NT * Math.max(1, Math.floor(MAX_FILTERS / (POSITIONS * k * NT)));
  for (let tile0 = 0; tile0 < tiles.all; tile0 += most) {
    const count = Math.min(most, tiles.all - tile0);
    // Tiles of the products do not reach into the next position.
    const each = roundUp(count, kernel.tileRows);
    const v = empty([POSITIONS, each, k]);
    const m = empty([POSITIONS, each, n]);
    const params = {
      edge: EDGE,
      tile0,
      rows: each,
      tiles_y: tiles.y,
      tiles_x: tiles.x,
      ih: rows.h,
      iw: rows.w,
      oh: rows.row_h,
      ow: rows.row_w,
      // Where the first row reads: backwards, the last tap is the first of the turned filter.
      oy: rows.oy + Math.min(0, 2 * rows.dh),
      ox: rows.ox + Math.min(0, 2 * rows.dw),
      x_stride: rows.a_stride,
      x_offset: rows.a_offset,
      y_stride: rows.c_stride,
      y_offset: rows.c_offset,
      bias: biasKind(epilogue),
      ...clampOf(epilogue),
    };
    const into = { ...params, channels: k, count: count * (k / 4) };
    run(`${op} input`, 'winograd_input', { WG }, { x: a, v }, into, Math.ceil(into.count / WG));
    for (let n0 = 0; n0 < n; n0 += filters) {
      const some = { ...turned(rows, columns), n: Math.min(filters, n - n0) };
      const taps = { ...some, offset: some.offset + n0 * some.s_n };
      const u = deviceOf(w).recorder.keep(() => transformFilters(op, w, taps, NT));
      multiplyAll(op, kernel, v, u, m, some, n0);
      u.dispose();
    }
    const out = { ...params, channels: n, count: count * (n / 4) };
    const ends = { m, bias: epilogue.bias ?? w, y: c };
    run(`${op} output`, 'winograd_output', { WG }, ends, out, Math.ceil(out.count / WG));
    v.dispose();
    m.dispose();
  }
}

function transformFilters(op: string, w: Operand, columns: Columns, NT: number): Tensor {
  const { n, k, offset, s_ty, s_tx, s_k, s_n } = columns;
  const count = k * roundUp(n, NT);
  const u = empty([POSITIONS, count]);
  const params = { count, edge: EDGE, n, rows: k, offset, s_ty, s_tx, s_k, s_n };
  run(`${op} filters`, 'winograd_filter', { WG, NT }, { w, u }, params, Math.ceil(count / WG));
  return u;
}

/** m = v u at each of the positions: n columns of m from n0 on. */
function multiplyAll(
  op: string,
  kernel: GemmKernel,
  v: Operand,
  u: Tensor,
  m: Tensor,
  { n, k }: Columns,
  n0: number,
): void {
  const { NT } = kernel.flags;
  const [, each, stride] = m.shape as [number, number, number];
  const matrix = { n, k, kh: 1, kw: 1, offset: 0, s_ty: 0, s_tx: 0, s_k: 0, s_n: 0 };
  const rows = { ...matrixRows(POSITIONS * each, k, stride), c_offset: n0 };
  const work = { op, a: v, w: u, c: m, rows, columns: matrix };
  const steps = k / 4;
  const size = { n_tiles: Math.ceil(n / NT), steps, splits: 1, split_steps: steps };
  const place = {
    b_tile: k * (NT / 4),
    b_row: NT / 4,
    b_rows: each,
    b_size: k * (roundUp(n, NT) / 4),
  };
  multiply(work, { kernel, b: u, ...size, ...place }, { from: 0, to: rows.m }, {});
}
