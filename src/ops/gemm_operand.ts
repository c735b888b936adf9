import type { Flags } from '../gpu/template.js';
import { isMixed } from '../precision.js';
import { empty, type Tensor } from '../tensor.js';
import { deviceOf, run, type Operand } from './run.js';
import type { Choice } from './tiles.js';
import { shareSteps } from './tune.js';

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

const WG = 64;

/** Rows of a tile of the lanes kernel. */
const LANES_ROWS = 16;

/** vec4 of a uniform window: 64 KiB, which every adapter can bind. */
export const WINDOW = 4096;

/** Steps that one invocation packs. */
const RUN = 8;

/** Row tiles that a window must serve, to be worth a dispatch of its own. */
const MIN_TILES_PER_WINDOW = 8;

/** The kernel of a product. */
export interface GemmKernel {
  readonly name: string;
  readonly flags: Flags;
  /** Rows of a tile. */
  readonly tileRows: number;
}

/** The B operand, and the runs that it takes. */
export interface BOperand {
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

/** A run that makes one split. */
export const ALONE = { splits: 1, split_steps: 0 };

/** Steps of a product: four k of one tap each. */
export function stepsOf({ kh, kw, k }: Columns): number {
  return kh * kw * Math.ceil(k / 4);
}

/** The B operand of a tile of GPUs: w where it is, if it lies well, else packed. */
export function tiledOperand(
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

/** The B operand of software adapters: in windows where there are many rows. */
export function lanesOperand(op: string, w: Operand, m: number, columns: Columns): BOperand {
  const windowed = lanesKernel(w);
  const { S, NT } = windowed.flags;
  const steps = stepsOf(columns);
  const tiles = Math.ceil(columns.n / NT);
  const plan = windowPlan(steps, tiles, NT);
  const fits = steps > 0 && plan.windows * WINDOW * 16 <= deviceOf(w).bindingLimit;
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

/** The next multiple of `step`. */
export function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}
