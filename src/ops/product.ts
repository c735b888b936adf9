import type { Device } from '../gpu/device.js';
import type { Flags } from '../gpu/template.js';
import { isMixed } from '../precision.js';
import { sizeOf } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import type { Segments } from './columns.js';
import { biasKind, type Epilogue, type Prologue } from './conv_geometry.js';
import {
  lanesKernel,
  operandOf,
  roundsOperand,
  roundUp,
  stepsOf,
  type BOperand,
  type Columns,
  type GemmKernel,
} from './gemm_operand.js';
import { deviceOf, run, runItems, type Operand } from './run.js';
import type { Choice } from './tiles.js';
import { choose } from './tune.js';

/** Rows of a product: pixels of the result, and where each reads; see shaders/lib/conv_rows.wgsl. */
export type Rows = Readonly<
  Record<
    | 'm'
    | 'h'
    | 'w'
    | 'row_h'
    | 'row_w'
    | 'sh'
    | 'sw'
    | 'oy'
    | 'ox'
    | 'dh'
    | 'dw'
    | 'a_stride'
    | 'a_offset'
    | 'c_h'
    | 'c_w'
    | 'c_sh'
    | 'c_sw'
    | 'c_y'
    | 'c_x'
    | 'c_stride'
    | 'c_offset',
    number
  >
>;

/** The operands of a product. */
export interface ProductOperands {
  readonly a: Operand;
  readonly w: Operand;
  readonly c: Operand;
  /** Whether what follows the channels of a, up to a multiple of four, is zeros. */
  readonly aIsPadded?: boolean | undefined;
  /** What to do to a where it is loaded. */
  readonly prologue?: Prologue | undefined;
}

/** A binding begins at a multiple of so many floats. */
const ALIGN = 64;

/** Most floats of partial sums at a time. */
const MAX_PARTIAL = 8 * 1024 * 1024;

/** The inner loops that products have. */
export type GemmKind = 'lanes' | 'simt' | 'sgmat';

/** c = act(a w + bias), a being built from pixels on the fly: the implicit GEMM. */
export function product(
  op: string,
  kind: GemmKind,
  operands: ProductOperands,
  rows: Rows,
  columns: Columns,
  epilogue: Epilogue,
): void {
  const { m, row_h, row_w, h, w, a_stride, a_offset } = rows;
  const pixels = (m / (row_h * row_w)) * h * w;
  const padded = operands.aIsPadded
    ? undefined
    : pad(op, operands.a, pixels, columns.k, a_stride, a_offset);
  const work = {
    op,
    ...operands,
    a: padded ?? operands.a,
    columns,
    rows: padded ? { ...rows, a_stride: roundUp(columns.k, 4), a_offset: 0 } : rows,
  };
  if (kind === 'lanes') {
    const kernel = lanesKernel(operands.w, m, columns);
    compute(work, kind, operandOf(op, kernel, operands.w, columns), epilogue);
  } else {
    const name = `gemm_${kind}` as const;
    const size = { count: 1, m, n: columns.n, k: 4 * stepsOf(columns) };
    const computeAs = ({ tile, splits }: Choice, end: Epilogue): void => {
      const { flags, rows: tileRows, segmentRows } = tile;
      const kernel = { name, flags, tileRows, segmentRows };
      compute(work, kind, operandOf(op, kernel, operands.w, columns, splits), end);
    };
    // What adds to a result cannot be tried out on it.
    const tryOut = epilogue.accumulate
      ? undefined
      : (way: Choice) => computeAs(way, { ...epilogue, takeMoments: undefined });
    computeAs(choose(op, deviceOf(operands.c), name, size, tryOut), epilogue);
  }
  padded?.dispose();
}

function compute(work: Work, kind: GemmKind, b: BOperand, epilogue: Epilogue): void {
  const { rows, columns } = work;
  // Compiling more than a clamp into the rows of the lanes kernel takes a software adapter seconds.
  const isClamp = kind !== 'lanes' || clampOf(epilogue) !== undefined;
  const inFours = [columns.n, rows.c_stride, rows.c_offset].every((i) => i % 4 === 0);
  if (b.splits === 1 && !epilogue.accumulate && isClamp && inFours) {
    multiply(work, b, { from: 0, to: rows.m }, epilogue);
  } else {
    inSplits(work, b, epilogue);
  }
  b.packed?.dispose();
}

/**
 * A copy with channels in fours; undefined where they already are.
 *
 * @param stride floats from one pixel to the next, the first beginning at `offset`
 */
export function pad(
  op: string,
  x: Operand,
  pixels: number,
  channels: number,
  stride: number,
  offset: number,
): Tensor | undefined {
  if ([channels, stride, offset].every((i) => i % 4 === 0)) return undefined;
  const k4 = Math.ceil(channels / 4);
  const y = empty([pixels, 4 * k4]);
  const params = { k: channels, k4, stride, offset };
  runItems(`${op} pad`, 'gemm_pad', {}, { x, y }, params, pixels * k4);
  return y;
}

/** A product at work. */
export interface Work extends ProductOperands {
  readonly op: string;
  readonly rows: Rows;
  readonly columns: Columns;
}

/** Rows of a plain matrix product, [m, k] to [m, n]. */
export function matrixRows(m: number, k: number, n: number): Rows {
  return {
    m,
    row_h: 1,
    row_w: m,
    h: 1,
    w: m,
    sh: 1,
    sw: 1,
    oy: 0,
    ox: 0,
    dh: 1,
    dw: 1,
    a_stride: k,
    a_offset: 0,
    c_stride: n,
    c_offset: 0,
    c_h: 1,
    c_w: m,
    c_sh: 1,
    c_sw: 1,
    c_y: 0,
    c_x: 0,
  };
}

/** Some of the rows. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Sums the steps in parts, and merges these; some rows at a time, so that the parts stay small. */
function inSplits(work: Work, b: BOperand, epilogue: Epilogue): void {
  const { rows, columns } = work;
  const stride = roundUp(columns.n, 4);
  const { tileRows } = b.kernel;
  const fit = Math.min(MAX_PARTIAL, deviceOf(work.c).bindingLimit / 4) / (b.splits * stride);
  const step = fit < tileRows ? Math.max(1, Math.floor(fit)) : fit - (fit % tileRows);
  // The parts hold the rows one after the other, from m0 on.
  const place = { c_h: rows.row_h, c_w: rows.row_w, c_sh: 1, c_sw: 1, c_y: 0, c_x: 0 };
  for (let from = 0; from < rows.m; from += step) {
    const range = { from, to: Math.min(from + step, rows.m) };
    const size = roundUp((range.to - from) * stride, ALIGN);
    const partial = empty([b.splits, size]);
    const inOrder = { ...rows, ...place, c_stride: stride, c_offset: -from * stride };
    const sums = { ...work, c: partial, rows: inOrder, columns: { ...columns, n: stride } };
    multiply(sums, b, range, {}, size);
    merge(work, partial, range, epilogue);
    partial.dispose();
  }
}

function merge(work: Work, partial: Tensor, range: Range, epilogue: Epilogue): void {
  const { op, w, c, rows, columns } = work;
  const { n } = columns;
  const [splits, size] = partial.shape as [number, number];
  const { row_h, row_w, c_h, c_w, c_sh, c_sw, c_y, c_x, c_stride, c_offset } = rows;
  const { ACTIVATION, bounds } = finishOf(epilogue);
  const { RESIDUAL, residual } = residualOf(epilogue);
  const FOURS = [n, c_stride, c_offset].every((i) => i % 4 === 0);
  const inV = FOURS ? 4 : 1;
  const IN_ORDER = c_h === row_h && c_w === row_w && c_sh * c_sw === 1 && c_y + c_x === 0;
  const n4 = Math.ceil(n / 4);
  const params = {
    m0: range.from,
    n: n / inV,
    n4,
    splits,
    split_size: size / 4,
    row_h,
    row_w,
    c_h,
    c_w,
    c_sh,
    c_sw,
    c_y,
    c_x,
    c_stride: c_stride / inV,
    c_offset: c_offset / inV,
    bias: biasKind(epilogue),
    accumulate: Number(epilogue.accumulate ?? false),
    ...bounds,
  };
  const flags = { FOURS, IN_ORDER, ACTIVATION, RESIDUAL };
  const operands = { partial, bias: epilogue.bias ?? w, c, ...residual };
  const count = (range.to - range.from) * n4;
  runItems(`${op} merge`, 'gemm_merge', flags, operands, params, count);
}

/**
 * One run of a GEMM kernel, for some rows.
 *
 * @param splitSize floats from one split to the next
 */
export function multiply(
  work: Work,
  right: BOperand,
  range: Range,
  end: Epilogue,
  splitSize = 0,
): void {
  const { op, a, w, c, rows, columns } = work;
  const { kernel, b, n_tiles, steps, b_tile, b_row, b_rows = rows.m, b_size = 0 } = right;
  const { splits, split_steps } = right;
  const { ACTIVATION, bounds } = finishOf(end);
  const { RESIDUAL, residual } = residualOf(end);
  const segments = end.takeMoments && segmentsOf(kernel, columns.n, range, deviceOf(c));
  const flags = {
    ...kernel.flags,
    ...prologueFlags([a], work.prologue),
    ACTIVATION,
    RESIDUAL,
    MOMENTS: segments !== undefined,
  };
  const m = range.to - range.from;
  const m_tiles = Math.ceil(m / kernel.tileRows);
  const bIsLarger = Math.min(m, b_rows) * columns.k < 4 * steps * columns.n;
  const params = {
    n: columns.n,
    k4: Math.ceil(columns.k / 4),
    kw: columns.kw,
    ...rows,
    m0: range.from,
    m: range.to,
    bias: biasKind(end),
    n_tiles,
    fast_rows: bIsLarger ? m_tiles : 0,
    steps,
    b_tile,
    b_row,
    b_rows,
    b_size,
    splits,
    split_steps,
    split_size: splitSize,
    lanes: deviceOf(c).info.subgroupSize,
    ...bounds,
  };
  const operands = {
    a,
    b,
    bias: end.bias ?? w,
    c,
    ...residual,
    ...normOperand(work.prologue),
    ...(segments && { moments: segments.partial }),
  };
  run(op, kernel.name, flags, operands, params, m_tiles * n_tiles * splits);
  if (segments) end.takeMoments(segments);
}

/** Room for the moments of a product of n columns, if its kernel can make them. */
function segmentsOf(
  { segmentRows }: GemmKernel,
  n: number,
  { from, to }: Range,
  { bindingLimit }: Device,
): Segments | undefined {
  if (segmentRows === undefined) return undefined;
  const shape = [Math.ceil((to - from) / segmentRows), 3, n];
  if (4 * sizeOf(shape) > bindingLimit) return undefined;
  return { partial: empty(shape), step: segmentRows };
}

/** The flags of lib/operand and lib/norm_operand, for operands of which the first may have a prologue. */
export function prologueFlags(operands: readonly Operand[], prologue: Prologue | undefined): Flags {
  const NORM = prologue !== undefined;
  const MIXED = isMixed(deviceOf(operands[0]!)) && (NORM || operands.some(roundsOperand));
  return { MIXED, NORM, ...(NORM && { NORM_ACTIVATION: prologue.activation }) };
}

/** The operand of lib/norm_operand. */
export function normOperand(prologue: Prologue | undefined): Readonly<Record<string, Operand>> {
  return prologue ? { norm: prologue.scaleShift } : {};
}

/** Bounds of the activations that are one clamp, by their numbers in activation.ts. */
const CLAMPS = [
  { low: -Infinity, high: Infinity },
  { low: 0, high: Infinity },
  { low: 0, high: 6 },
];

/** The activation as a clamp; undefined where it is none. */
export function clampOf({ activation = 0 }: Epilogue): { low: number; high: number } | undefined {
  return CLAMPS[activation];
}

/** The flag and the parameters of lib/finish.wgsl. */
function finishOf(epilogue: Epilogue): {
  readonly ACTIVATION: number;
  readonly bounds: { readonly low: number; readonly high: number };
} {
  const clamp = clampOf(epilogue);
  return { ACTIVATION: clamp ? 0 : epilogue.activation!, bounds: clamp ?? CLAMPS[0]! };
}

/** The flag and the operand of kernels that add a residual. */
function residualOf({ residual }: Epilogue): {
  readonly RESIDUAL: boolean;
  readonly residual: Readonly<Record<string, Operand>>;
} {
  return { RESIDUAL: residual !== undefined, residual: residual ? { residual } : {} };
}
