import type { Flags } from '../gpu/template.js';
import { isMixed } from '../precision.js';
import { empty, type Tensor } from '../tensor.js';
import { biasKind, epilogueParams, type Epilogue } from './conv_geometry.js';
import { deviceOf, run, type Operand } from './run.js';
import type { Choice } from './tiles.js';
import { choose, shareSteps } from './tune.js';

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

/** Columns: value (ty, tx, k, n) of w lies at offset + ty * s_ty + tx * s_tx + k * s_k + n * s_n. */
export interface Columns {
  readonly n: number;
  readonly k: number;
  readonly kh: number;
  readonly kw: number;
  readonly offset: number;
  readonly s_ty: number;
  readonly s_tx: number;
  readonly s_k: number;
  readonly s_n: number;
}

/** The operands of a product. */
export interface ProductOperands {
  readonly a: Operand;
  readonly w: Operand;
  readonly c: Operand;
}

const WG = 64;
/** Rows of a tile of the lanes kernel. */
const LANES_ROWS = 16;
/** vec4 of a uniform window: 64 KiB, which every adapter can bind. */
export const WINDOW = 4096;
/** Steps that one invocation packs. */
const RUN = 8;
/** Row tiles that a window must serve, to be worth a dispatch of its own. */
const MIN_TILES_PER_WINDOW = 8;
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
  const padded = pad(op, operands.a, pixels, columns.k, a_stride, a_offset);
  const work = {
    ...{ op, ...operands, a: padded ?? operands.a, columns },
    rows: padded ? { ...rows, a_stride: roundUp(columns.k, 4), a_offset: 0 } : rows,
  };
  if (kind === 'lanes') {
    compute(work, kind, lanesOperand(op, operands, rows, columns), epilogue);
  } else {
    const kernel = `gemm_${kind}` as const;
    const size = { count: 1, m, n: columns.n, k: 4 * stepsOf(columns) };
    const computeAs = (choice: Choice): void => {
      compute(work, kind, tiledOperand(op, kernel, operands.w, columns, choice), epilogue);
    };
    // What adds to a result cannot be tried out on it.
    const tryOut = epilogue.accumulate ? undefined : computeAs;
    computeAs(choose(op, deviceOf(operands.c), kernel, size, tryOut));
  }
  padded?.dispose();
}

function compute(
  product: Omit<Work, 'kernel'>,
  kind: GemmKind,
  b: BOperand,
  epilogue: Epilogue,
): void {
  const { rows, columns } = product;
  const work = { ...product, kernel: b.kernel };
  // Compiling more than a clamp into the rows of the lanes kernel takes a software adapter seconds.
  const isClamp = kind !== 'lanes' || clampOf(epilogue) !== undefined;
  const inFours = [columns.n, rows.c_stride, rows.c_offset].every((i) => i % 4 === 0);
  if (b.splits === 1 && !epilogue.accumulate && isClamp && inFours) {
    for (const part of b.parts) multiply(work, part, { from: 0, to: rows.m }, epilogue);
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
  const params = { count: pixels * k4, k: channels, k4, stride, offset };
  run(`${op} pad`, 'gemm_pad', { WG }, { x, y }, params, Math.ceil(params.count / WG));
  return y;
}

/** The kernel of a product. */
interface GemmKernel {
  readonly name: string;
  readonly flags: Flags;
  /** Rows of a tile. */
  readonly tileRows: number;
}

/** The B operand, and the runs that it takes. */
interface BOperand {
  readonly kernel: GemmKernel;
  readonly parts: readonly Part[];
  /** Number of parts that the steps of one result are shared out to. */
  readonly splits: number;
  readonly packed: Tensor | undefined;
}

/** The columns and steps that one run covers, and how B lies. */
export interface Part {
  readonly b: Operand;
  /** Which of the splits. */
  readonly split: number;
  readonly tile0: number;
  readonly n_tiles: number;
  readonly step0: number;
  readonly step1: number;
  readonly b_tile: number;
  readonly b_row: number;
  /** Splits that this run makes at once, from that one on, and steps of each. */
  readonly splits: number;
  readonly split_steps: number;
}

/** A product at work. */
export interface Work extends ProductOperands {
  readonly op: string;
  readonly kernel: GemmKernel;
  readonly rows: Rows;
  readonly columns: Columns;
}

/** A run that makes one split. */
export const ALONE = { splits: 1, split_steps: 0 };

function stepsOf({ kh, kw, k }: Columns): number {
  return kh * kw * Math.ceil(k / 4);
}

/** The B operand of a tile of GPUs: w where it is, if it lies well, else packed. */
function tiledOperand(
  op: string,
  name: string,
  w: Operand,
  columns: Columns,
  { tile, splits }: Choice,
): BOperand {
  const { flags, rows: tileRows } = tile;
  const { NT } = flags;
  const steps = stepsOf(columns);
  const tiles = Math.ceil(columns.n / NT);
  const inPlace = liesInOrder(columns) || steps === 0;
  const packed = inPlace ? undefined : pack(op, w, columns, NT, [tiles, steps]);
  const place = packed
    ? { b_tile: steps * NT, b_row: NT / 4 }
    : { b_tile: NT / 4, b_row: Math.ceil(columns.n / 4) };
  const share = shareSteps(steps, splits);
  const all = { split: 0, tile0: 0, n_tiles: tiles, step0: 0, step1: steps };
  const parts = [{ b: packed ?? w, ...all, ...place, ...share }];
  return { kernel: { name, flags, tileRows }, parts, splits: share.splits, packed };
}

/** The kernel of software adapters, with B in uniform windows. */
export function lanesKernel(
  operand: Operand,
): GemmKernel & { readonly flags: Record<'S' | 'G' | 'NT' | 'WINDOW', number> } {
  const S = deviceOf(operand).info.subgroupSize;
  return {
    name: 'gemm_lanes',
    flags: { S, G: LANES_ROWS / S, NT: 4 * S, WINDOW },
    tileRows: LANES_ROWS,
  };
}

/** Rows of a plain matrix product, [m, k] to [m, n]. */
export function matrixRows(m: number, k: number, n: number): Rows {
  return {
    ...{ m, row_h: 1, row_w: m, h: 1, w: m, sh: 1, sw: 1, oy: 0, ox: 0, dh: 1, dw: 1 },
    ...{ a_stride: k, a_offset: 0, c_stride: n, c_offset: 0 },
    ...{ c_h: 1, c_w: m, c_sh: 1, c_sw: 1, c_y: 0, c_x: 0 },
  };
}

function lanesOperand(
  op: string,
  { w, c }: ProductOperands,
  { m }: Rows,
  columns: Columns,
): BOperand {
  const windowed = lanesKernel(c);
  const { S, NT } = windowed.flags;
  const steps = stepsOf(columns);
  const tiles = Math.ceil(columns.n / NT);
  const plan = windowPlan(steps, tiles, NT);
  const fits = steps > 0 && plan.windows * WINDOW * 16 <= deviceOf(c).bindingLimit;
  if (fits && m >= MIN_TILES_PER_WINDOW * LANES_ROWS) {
    return { kernel: windowed, ...inWindows(op, w, columns, S, plan) };
  }
  // A smaller tile wastes less of few rows, and compiles faster.
  const G = Math.ceil(8 / S);
  const flags = { ...windowed.flags, G, WINDOW: 0 };
  const kernel = { ...windowed, flags, tileRows: S * G };
  const all = { split: 0, tile0: 0, n_tiles: tiles, step0: 0, step1: steps };
  // Few rows do not repay copying w: it is read where it is, if it lies well.
  if (liesInOrder(columns) || steps === 0) {
    const parts = [{ b: w, ...all, b_tile: S, b_row: columns.n / 4, ...ALONE }];
    return { kernel, parts, splits: 1, packed: undefined };
  }
  const packed = pack(op, w, columns, NT, [tiles, steps]);
  const parts = [{ b: packed, ...all, b_tile: steps * NT, b_row: S, ...ALONE }];
  return { kernel, parts, splits: 1, packed };
}

/** Windows of some tiles each, or of some steps of one tile. */
interface WindowPlan {
  readonly windows: number;
  readonly tilesEach: number;
  readonly stepsEach: number;
  /** Windows that share the steps of a tile. */
  readonly splits: number;
}

function windowPlan(steps: number, tiles: number, NT: number): WindowPlan {
  const fit = WINDOW / NT;
  const splits = Math.ceil(steps / fit);
  const tilesEach = Math.max(1, Math.floor(fit / steps));
  return {
    windows: Math.ceil(tiles / tilesEach) * splits,
    tilesEach,
    stepsEach: Math.ceil(steps / splits),
    splits,
  };
}

/** Packs w into windows that are bound as uniforms. */
function inWindows(
  op: string,
  w: Operand,
  columns: Columns,
  S: number,
  plan: WindowPlan,
): Pick<BOperand, 'parts' | 'splits' | 'packed'> {
  const NT = 4 * S;
  const { tilesEach, stepsEach, splits } = plan;
  const steps = stepsOf(columns);
  const tiles = Math.ceil(columns.n / NT);
  const packed = pack(op, w, columns, NT, [tiles, steps], plan);
  const parts: Part[] = [];
  for (let tile0 = 0; tile0 < tiles; tile0 += tilesEach) {
    for (let split = 0; split < splits; split++) {
      const start = parts.length * WINDOW * 4;
      const step0 = split * stepsEach;
      parts.push({
        b: { tensor: packed, start, count: WINDOW * 4 },
        ...{ split, tile0, n_tiles: Math.min(tilesEach, tiles - tile0) },
        ...{ step0, step1: Math.min(step0 + stepsEach, steps), b_tile: steps * NT, b_row: S },
        ...ALONE,
      });
    }
  }
  return { parts, splits, packed };
}

/** Whether w is just the matrix [taps * k, n], in fours. */
function liesInOrder({ n, k, kw, offset, s_ty, s_tx, s_k, s_n }: Columns): boolean {
  const inOrder = s_n === 1 && s_k === n && s_tx === k * n && s_ty === kw * s_tx;
  return inOrder && offset === 0 && n % 4 === 0 && k % 4 === 0;
}

/** Packs w; see shaders/gemm_pack.wgsl. Without windows it is one piece. */
function pack(
  op: string,
  w: Operand,
  columns: Columns,
  NT: number,
  [tiles, steps]: readonly [number, number],
  plan?: WindowPlan,
): Tensor {
  const { n, k, kw, offset, s_ty, s_tx, s_k, s_n } = columns;
  const { tilesEach, stepsEach, splits } = plan ?? {
    tilesEach: tiles,
    stepsEach: steps,
    splits: 1,
  };
  const b = empty([plan ? plan.windows * WINDOW : tiles * steps * NT, 4]);
  const count = tiles * Math.ceil(steps / RUN) * NT;
  const params = {
    ...{ count, n, k, k4: Math.ceil(k / 4), kw, steps, window: 4 * WINDOW },
    ...{ tiles_per_window: tilesEach, steps_per_window: stepsEach },
    ...{ windows_per_tile: splits, offset, s_ty, s_tx, s_k, s_n },
  };
  const flags = { WG, RUN, NT, MIXED: isMixed(deviceOf(w)) };
  run(`${op} pack`, 'gemm_pack', flags, { w, b }, params, Math.ceil(count / WG));
  return b;
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
    for (const part of b.parts) {
      const c = { tensor: partial, start: part.split * size, count: part.splits * size };
      const sums = { ...work, c, rows: inOrder, columns: { ...columns, n: stride } };
      multiply(sums, part, range, {}, size);
    }
    merge(work, partial, range, epilogue);
    partial.dispose();
  }
}

function merge(work: Work, partial: Tensor, range: Range, epilogue: Epilogue): void {
  const { op, w, c, rows, columns } = work;
  const { n } = columns;
  const [splits, size] = partial.shape as [number, number];
  const count = (range.to - range.from) * n;
  const { row_h, row_w, c_h, c_w, c_sh, c_sw, c_y, c_x, c_stride, c_offset } = rows;
  const params = {
    ...{ count, m0: range.from, n, stride: roundUp(n, 4), splits, split_size: size },
    ...{ row_h, row_w, c_h, c_w, c_sh, c_sw, c_y, c_x, c_stride, c_offset },
    ...epilogueParams(epilogue),
  };
  const operands = { partial, bias: epilogue.bias ?? w, c };
  run(`${op} merge`, 'gemm_merge', { WG }, operands, params, Math.ceil(count / WG));
}

/**
 * One run of a GEMM kernel, for some rows.
 *
 * @param splitSize floats from one split to the next
 */
export function multiply(work: Work, part: Part, range: Range, end: Epilogue, splitSize = 0): void {
  const { op, a, w, c, rows, columns, kernel } = work;
  const { b, tile0, n_tiles, step0, step1, b_tile, b_row, splits, split_steps } = part;
  const { bias, activation = 0 } = end;
  const clamp = clampOf(end);
  const MIXED = isMixed(deviceOf(c));
  const flags = { ...kernel.flags, MIXED, ACTIVATION: clamp ? 0 : activation };
  const params = {
    ...{ n: columns.n, k4: Math.ceil(columns.k / 4), kw: columns.kw },
    ...{ ...rows, m0: range.from, m: range.to, bias: biasKind(end) },
    ...{ tile0, n_tiles, step0, step1, b_tile, b_row },
    ...{ splits, split_steps, split_size: splitSize },
    ...(clamp ?? CLAMPS[0]!),
  };
  const tiles = Math.ceil((range.to - range.from) / kernel.tileRows) * n_tiles * splits;
  run(op, kernel.name, flags, { a, b, bias: bias ?? w, c }, params, tiles);
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

/** The next multiple of `step`. */
export function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}
