import type { Flags } from '../gpu/template.js';
import { empty, type Tensor } from '../tensor.js';
import type { Epilogue } from './conv_geometry.js';
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
const WINDOW = 4096;
/** Row tiles that a window must serve, to be worth a dispatch of its own. */
const MIN_TILES_PER_WINDOW = 8;
/** Most floats of partial sums at a time. */
const MAX_PARTIAL = 8 * 1024 * 1024;

/** c = act(a w + bias), a being built from pixels on the fly: the implicit GEMM. */
export function product(
  op: string,
  kind: 'lanes' | 'simt' | 'sgmat',
  operands: ProductOperands,
  rows: Rows,
  columns: Columns,
  epilogue: Epilogue,
): void {
  const compute = (b: BOperand): void => {
    const work = { op, ...operands, b, rows, columns };
    // Compiling more than a clamp into the rows of the lanes kernel takes a software adapter seconds.
    const isClamp = kind !== 'lanes' || CLAMPS[epilogue.activation ?? 0] !== undefined;
    if (b.splits === 1 && !epilogue.accumulate && isClamp) {
      for (const part of b.parts) multiply(work, part, { from: 0, to: rows.m }, epilogue);
    } else {
      inSplits(work, epilogue);
    }
    b.packed?.dispose();
  };
  if (kind === 'lanes') {
    compute(lanesOperand(op, operands, rows, columns));
    return;
  }
  const kernel = `gemm_${kind}` as const;
  const size = { count: 1, m: rows.m, n: columns.n, k: 4 * stepsOf(columns) };
  const computeAs = (choice: Choice): void =>
    compute(tiledOperand(op, kernel, operands.w, columns, choice));
  // What adds to a result cannot be tried out on it.
  const tryOut = epilogue.accumulate ? undefined : computeAs;
  computeAs(choose(op, deviceOf(operands.c), kernel, size, tryOut));
}

/** The B operand, and the runs that it takes. */
interface BOperand {
  readonly kernel: string;
  readonly flags: Flags;
  /** Rows of a tile. */
  readonly tileRows: number;
  readonly parts: readonly Part[];
  /** Number of parts that the steps of one result are shared out to. */
  readonly splits: number;
  readonly packed: Tensor | undefined;
}

/** The columns and steps that one run covers, and how B lies. */
interface Part {
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
interface Work extends ProductOperands {
  readonly op: string;
  readonly b: BOperand;
  readonly rows: Rows;
  readonly columns: Columns;
}

/** A run that makes one split. */
const ALONE = { splits: 1, split_steps: 0 };

function stepsOf({ kh, kw, k }: Columns): number {
  return kh * kw * Math.ceil(k / 4);
}

/** The B operand of a tile of GPUs: w where it is, if it lies well, else packed. */
function tiledOperand(
  op: string,
  kernel: string,
  w: Operand,
  columns: Columns,
  { tile, splits }: Choice,
): BOperand {
  const { flags, rows: tileRows } = tile;
  const { NT } = flags;
  const steps = stepsOf(columns);
  const tiles = Math.ceil(columns.n / NT);
  const inPlace = liesInOrder(columns) || steps === 0;
  const packed = inPlace ? undefined : pack(op, w, columns, { NT, OVER_N: true }, [tiles, steps]);
  const place = packed
    ? { b_tile: steps * NT, b_row: NT / 4 }
    : { b_tile: NT / 4, b_row: Math.ceil(columns.n / 4) };
  const share = shareSteps(steps, splits);
  const all = { split: 0, tile0: 0, n_tiles: tiles, step0: 0, step1: steps };
  const parts = [{ b: packed ?? w, ...all, ...place, ...share }];
  return { kernel, flags, tileRows, parts, splits: share.splits, packed };
}

function lanesOperand(
  op: string,
  { w, c }: ProductOperands,
  { m }: Rows,
  columns: Columns,
): BOperand {
  const { info, bindingLimit } = deviceOf(c);
  const S = info.subgroupSize;
  const flags = { S, G: LANES_ROWS / S, NT: 4 * S };
  const steps = stepsOf(columns);
  const kernel = { kernel: 'gemm_lanes', flags, tileRows: LANES_ROWS };
  const tiles = Math.ceil(columns.n / flags.NT);
  const plan = windowPlan(steps, tiles, flags.NT);
  const fits = steps > 0 && plan.windows * WINDOW * 16 <= bindingLimit;
  if (fits && m >= MIN_TILES_PER_WINDOW * LANES_ROWS) {
    return { ...kernel, flags: { ...flags, WINDOW }, ...inWindows(op, w, columns, S, plan) };
  }
  const all = { split: 0, tile0: 0, n_tiles: tiles, step0: 0, step1: steps };
  // Few rows do not repay copying w: it is read where it is, if it lies well.
  if (liesInOrder(columns) || steps === 0) {
    const parts = [{ b: w, ...all, b_tile: S, b_row: columns.n / 4, ...ALONE }];
    return { ...kernel, parts, splits: 1, packed: undefined };
  }
  const packed = pack(op, w, columns, { NT: flags.NT, OVER_N: true }, [tiles, steps]);
  const parts = [{ b: packed, ...all, b_tile: steps * flags.NT, b_row: S, ...ALONE }];
  return { ...kernel, parts, splits: 1, packed };
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
  const packed = pack(op, w, columns, { NT, OVER_N: true }, [tiles, steps], plan);
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
  layout: { readonly NT: number; readonly OVER_N: boolean },
  [tiles, steps]: readonly [number, number],
  plan?: WindowPlan,
): Tensor {
  const { n, k, kw, offset, s_ty, s_tx, s_k, s_n } = columns;
  const { NT } = layout;
  const { tilesEach, stepsEach, splits } = plan ?? {
    tilesEach: tiles,
    stepsEach: steps,
    splits: 1,
  };
  const b = empty([plan ? plan.windows * WINDOW : tiles * steps * NT, 4]);
  const inFours = (...sizes: readonly number[]): boolean => sizes.every((size) => size % 4 === 0);
  const LOAD_N = s_n === 1 && inFours(offset, s_ty, s_tx, s_k, n);
  const LOAD_K = s_k === 1 && !LOAD_N && inFours(offset, s_ty, s_tx, s_n, k);
  const flags = { WG, ...layout, LOAD_N, LOAD_K, T: LOAD_N || LOAD_K ? 'vec4f' : 'f32' };
  const count = (tiles * steps * NT) / 4;
  const params = {
    ...{ count, n, k, k4: Math.ceil(k / 4), kw, steps, window: WINDOW },
    ...{ tiles_per_window: tilesEach, steps_per_window: stepsEach },
    ...{ windows_per_tile: splits, offset, s_ty, s_tx, s_k, s_n },
  };
  run(`${op} pack`, 'gemm_pack', flags, { w, b }, params, Math.ceil(count / WG));
  return b;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Sums the steps in parts, and merges these; some rows at a time, so that the parts stay small. */
function inSplits(work: Work, epilogue: Epilogue): void {
  const { b, rows, columns } = work;
  const stride = 4 * Math.ceil(columns.n / 4);
  const rowSize = b.splits * stride * b.tileRows;
  const step = b.tileRows * Math.max(1, Math.floor(MAX_PARTIAL / rowSize));
  for (let from = 0; from < rows.m; from += step) {
    const range = { from, to: Math.min(from + step, rows.m) };
    const size = wholeTiles(work, range) * stride;
    const partial = empty([b.splits, size]);
    for (const part of b.parts) {
      const c = { tensor: partial, start: part.split * size, count: part.splits * size };
      // The parts hold the rows one after the other, from m0 on.
      const place = { c_h: rows.row_h, c_w: rows.row_w, c_sh: 1, c_sw: 1, c_y: 0, c_x: 0 };
      const inOrder = { ...rows, ...place, c_stride: stride, c_offset: -from * stride };
      multiply({ ...work, c, rows: inOrder, columns: { ...columns, n: stride } }, part, range, {});
    }
    merge(work, partial, range, epilogue);
    partial.dispose();
  }
}

function merge(work: Work, partial: Tensor, range: Range, epilogue: Epilogue): void {
  const [splits, size] = partial.shape as [number, number];
  const count = (range.to - range.from) * Math.ceil(work.columns.n / 4);
  const { flags, params, operands } = common(work, range, epilogue);
  const all = { ...operands, a: partial };
  const sizes = { splits, split_size: size / 4, accumulate: Number(epilogue.accumulate ?? false) };
  run(
    `${work.op} merge`,
    'gemm_merge',
    { ...flags, WG, T: 'vec4f', VEC: true },
    all,
    { ...params, ...sizes },
    Math.ceil(count / WG),
  );
}

/** Rows of the tiles that hold some rows. */
function wholeTiles({ b: { tileRows } }: Work, { from, to }: Range): number {
  return Math.ceil((to - from) / tileRows) * tileRows;
}

/** One run of a GEMM kernel, for some rows. */
function multiply(work: Work, { b, ...part }: Part, range: Range, end: Epilogue): void {
  const { kernel, flags: kernelFlags, tileRows } = work.b;
  const { flags, params, operands } = common(work, range, end);
  const split_size = wholeTiles(work, range);
  const tiles = (split_size / tileRows) * part.n_tiles * part.splits;
  run(
    work.op,
    kernel,
    { ...kernelFlags, ...flags },
    { ...operands, b },
    { ...params, ...part, split_size },
    tiles,
  );
}

/** What the kernels with lib/conv_rows.wgsl have in common. */
function common(
  { a, w, c, rows, columns: { n, k, kw } }: Work,
  { from, to }: Range,
  epilogue: Epilogue,
): {
  readonly flags: Flags;
  readonly params: Readonly<Record<string, number>>;
  readonly operands: Readonly<Record<string, Operand>>;
} {
  const VEC = k % 4 === 0 && rows.a_stride % 4 === 0 && rows.a_offset % 4 === 0;
  const C_VEC = n % 4 === 0 && rows.c_stride % 4 === 0 && rows.c_offset % 4 === 0;
  const { bias, activation = 0 } = epilogue;
  const clamp = CLAMPS[activation];
  const types = { T: VEC ? 'vec4f' : 'f32', TC: C_VEC ? 'vec4f' : 'f32' };
  const runs = { n_tiles: 0, tile0: 0, step0: 0, step1: 0, b_tile: 0, b_row: 0 };
  return {
    flags: { ...types, VEC, C_VEC, ACTIVATION: clamp ? 0 : activation },
    params: {
      ...{ n, k, k4: Math.ceil(k / 4), kw, ...rows, ...runs, m0: from, m: to },
      ...{ splits: 0, split_steps: 0, split_size: 0, accumulate: 0 },
      ...(clamp ?? CLAMPS[0]!),
      bias: Number(bias !== undefined),
    },
    operands: { a, bias: bias ?? w, c },
  };
}

/** Bounds of the activations that are one clamp, by their numbers in activation.ts. */
const CLAMPS = [
  { low: -Infinity, high: Infinity },
  { low: 0, high: Infinity },
  { low: 0, high: 6 },
];
