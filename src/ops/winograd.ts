import { empty, type Tensor } from '../tensor.js';
import { biasKind, type Epilogue } from './conv_geometry.js';
import { ALONE, lanesKernel, WINDOW, type Columns } from './gemm_operand.js';
import { clampOf, matrixRows, multiply, type ProductOperands, type Rows } from './product.js';
import { deviceOf, run, type Operand } from './run.js';

const WG = 64;
/** Multiplications of a convolution from which on saving three quarters of them repays the transforms. */
const MIN_WORK = 400e6;
/** Tiles of pixels, below which the filters' transform costs too much. */
const MIN_TILES = 128;
/** Most floats of transformed pixels at a time. */
const MAX_FLOATS = 8 * 1024 * 1024;
/** Positions of a transformed tile, 6 x 6. */
const POSITIONS = 36;

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
  // The transforms cost as many operations a channel as a product with some 24 channels.
  const isDeep = n * k >= 24 * (n + k);
  const pays = isDeep && tilesOf(rows).all >= MIN_TILES && 9 * rows.m * n * k >= MIN_WORK;
  const { S, NT } = lanesKernel(c).flags;
  const fits = k * S <= WINDOW && filterBytes(n, k, NT) <= deviceOf(c).bindingLimit;
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
  const filters = transformFilters(op, w, turned(rows, columns));
  const tiles = tilesOf(rows);
  const most = Math.max(MIN_TILES, Math.floor(MAX_FLOATS / (POSITIONS * Math.max(n, k))));
  for (let tile0 = 0; tile0 < tiles.all; tile0 += most) {
    const count = Math.min(most, tiles.all - tile0);
    const v = empty([POSITIONS, count, k]);
    const m = empty([POSITIONS, count, n]);
    const params = {
      ...{ tile0, tiles: count, tiles_y: tiles.y, tiles_x: tiles.x },
      ...{ ih: rows.h, iw: rows.w, oh: rows.row_h, ow: rows.row_w },
      // Where the first row reads: backwards, the last tap is the first of the turned filter.
      oy: rows.oy + Math.min(0, 2 * rows.dh),
      ox: rows.ox + Math.min(0, 2 * rows.dw),
      ...{ x_stride: rows.a_stride, x_offset: rows.a_offset },
      ...{ y_stride: rows.c_stride, y_offset: rows.c_offset },
      ...{ bias: biasKind(epilogue), ...clampOf(epilogue) },
    };
    const into = { ...params, channels: k, count: count * k };
    run(`${op} input`, 'winograd_input', { WG }, { x: a, v }, into, Math.ceil(into.count / WG));
    multiplyAll(op, v, filters, m, columns, count);
    const out = { ...params, channels: n, count: count * n };
    const ends = { m, bias: epilogue.bias ?? w, y: c };
    run(`${op} output`, 'winograd_output', { WG }, ends, out, Math.ceil(out.count / WG));
    v.dispose();
    m.dispose();
  }
  filters.u.dispose();
}

/** Transformed filters: for every position, windows of some tiles of columns. */
interface Filters {
  readonly u: Tensor;
  readonly tiles: number;
  readonly tilesEach: number;
  readonly windows: number;
}

/** How the transformed filters of [k, n] channels are shared out to windows. */
function filterWindows(n: number, k: number, NT: number): Omit<Filters, 'u'> {
  const tiles = Math.ceil(n / NT);
  const tilesEach = Math.floor(WINDOW / (k * (NT / 4)));
  return { tiles, tilesEach, windows: Math.ceil(tiles / tilesEach) };
}

function filterBytes(n: number, k: number, NT: number): number {
  return POSITIONS * filterWindows(n, k, NT).windows * WINDOW * 16;
}

function transformFilters(op: string, w: Operand, columns: Columns): Filters {
  const { n, k, offset, s_ty, s_tx, s_k, s_n } = columns;
  const { NT } = lanesKernel(w).flags;
  const { tiles, tilesEach, windows } = filterWindows(n, k, NT);
  const u = empty([POSITIONS * windows * WINDOW, 4]);
  const count = tiles * k * NT;
  const params = {
    ...{ count, n, rows: k, tiles_per_window: tilesEach, window: WINDOW * 4 },
    ...{ position: windows * WINDOW * 4, offset, s_ty, s_tx, s_k, s_n },
  };
  run(`${op} filters`, 'winograd_filter', { WG, NT }, { w, u }, params, Math.ceil(count / WG));
  return { u, tiles, tilesEach, windows };
}

/** m = v u at each of the positions. */
function multiplyAll(
  op: string,
  v: Operand,
  { u, tiles, tilesEach, windows }: Filters,
  m: Operand,
  { n, k }: Columns,
  count: number,
): void {
  const kernel = lanesKernel(u);
  const { S, NT } = kernel.flags;
  const matrix = { kh: 1, kw: 1, offset: 0, s_ty: 0, s_tx: 0, s_k: 0, s_n: 0 };
  for (let position = 0; position < POSITIONS; position++) {
    const offsets = { a_offset: position * count * k, c_offset: position * count * n };
    const rows = { ...matrixRows(count, k, n), ...offsets };
    const work = { op, a: v, w: u, c: m, rows, columns: { ...matrix, n, k }, kernel };
    for (let window = 0; window < windows; window++) {
      const tile0 = window * tilesEach;
      const start = (position * windows + window) * WINDOW * 4;
      const part = {
        b: { tensor: u, start, count: WINDOW * 4 },
        ...{ split: 0, tile0, n_tiles: Math.min(tilesEach, tiles - tile0) },
        ...{ step0: 0, step1: k / 4, b_tile: k * (NT / 4), b_row: S },
        ...ALONE,
      };
      multiply(work, part, { from: 0, to: count }, {});
    }
  }
}
