import type { Device } from '../gpu/device.js';
import type { Flags } from '../gpu/template.js';
import { isMixed, storesHalves } from '../precision.js';
import { empty, type Tensor } from '../tensor.js';
import { deviceOf, isHalf, run, type Operand } from './run.js';
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

/**
 * Rows of a tile of the lanes kernel: of the one for few rows, and of the other. Subgroups of four lanes
 * (SwiftShader) do best with eight: with more, a product takes half as long again.
 */
const LANES_ROWS = { few: 16, many: 32, narrow: 8 };

/** What a row of a large tile costs, compared with one of a small tile. */
const LARGE_TILE_COST = 0.85;

/** Steps, four k each, that a large tile sums in one go; longer sums are sums of sums, which takes a little more time. */
const LONG_STEPS = 576;

/** The kernel for a row or two: vec4 of columns that a lane makes, and the weights from which on it repays being compiled. */
const GEMV = { rows: 2, C: 8, minWeights: 4e6 };

/** Steps that one invocation packs. */
const RUN = 8;

/** The kernel of a product. */
export interface GemmKernel {
  readonly name: string;
  /** NT: columns of a tile. */
  readonly flags: Flags & { readonly NT: number };
  /** Rows of a tile. */
  readonly tileRows: number;
  /** Rows of which it can make moments; undefined where it cannot. */
  readonly segmentRows?: number;
}

/** The B operand, and how it lies. */
export interface BOperand {
  readonly kernel: GemmKernel;
  readonly b: Operand;
  readonly n_tiles: number;
  readonly steps: number;
  readonly b_tile: number;
  readonly b_row: number;
  /** Parts that the steps of one result are shared out to, and steps of each. */
  readonly splits: number;
  readonly split_steps: number;
  /** Of several products that are computed at once, one below the other: rows of each, vec4 of each B. */
  readonly b_rows?: number;
  readonly b_size?: number;
  readonly packed?: Tensor | undefined;
}

/** Steps of a product: four k of one tap each. */
export function stepsOf({ kh, kw, k }: Columns): number {
  return kh * kw * Math.ceil(k / 4);
}

/**
 * The B operand of a kernel: w where it is, if it lies well, else packed.
 *
 * @param most splits of the steps at most
 */
export function operandOf(
  op: string,
  kernel: GemmKernel,
  w: Operand,
  columns: Columns,
  most = 1,
): BOperand {
  const { NT } = kernel.flags;
  const steps = stepsOf(columns);
  const n_tiles = Math.ceil(columns.n / NT);
  const MIXED = roundsOperand(w);
  const inPlace = (liesInOrder(columns) && !MIXED) || steps === 0;
  const packed = inPlace
    ? undefined
    : deviceOf(w).recorder.keep(() => pack(op, w, columns, { NT, MIXED }, [n_tiles, steps]));
  const place = packed
    ? { b_tile: steps * NT, b_row: NT / 4 }
    : { b_tile: NT / 4, b_row: Math.ceil(columns.n / 4) };
  return { kernel, b: packed ?? w, n_tiles, steps, ...place, ...shareSteps(steps, most), packed };
}

/**
 * The kernel of software adapters.
 *
 * @param m rows of the product
 */
export function lanesKernel(operand: Operand, m: number, columns: Columns): GemmKernel {
  const { S, SHUFFLE } = lanesOf(deviceOf(operand));
  const { n, k, kh, kw } = columns;
  if (m <= GEMV.rows && kh * kw === 1 && n * k >= GEMV.minWeights) {
    const { C } = GEMV;
    return { name: 'gemv_lanes', flags: { S, C, NT: 4 * S * C }, tileRows: 1 };
  }
  const kernelOf = (rows: number, LONG: boolean): GemmKernel => {
    const G = Math.ceil(rows / S);
    return { name: 'gemm_lanes', flags: { S, SHUFFLE, G, NT: 4 * S, LONG }, tileRows: G * S };
  };
  const isLong = stepsOf(columns) > LONG_STEPS;
  if (S < 8) return kernelOf(LANES_ROWS.narrow, isLong);
  // The small tile is compiled for long sums alone.
  const few = kernelOf(LANES_ROWS.few, true);
  const many = kernelOf(LANES_ROWS.many, isLong);
  return roundUp(m, few.tileRows) < LARGE_TILE_COST * roundUp(m, many.tileRows) ? few : many;
}

/**
 * Lanes of a software adapter, and how they hand values round: eight lanes shuffle by an instruction of their own, with
 * which a product takes 0.89 of the time; four (SwiftShader) take 0.87 of it with broadcasts.
 */
export function lanesOf({ info }: Device): { readonly S: number; readonly SHUFFLE: boolean } {
  return { S: info.subgroupSize, SHUFFLE: info.subgroupSize === 8 };
}

/** Whether w is just the matrix [taps * k, n], in fours. */
function liesInOrder({ n, k, kw, offset, s_ty, s_tx, s_k, s_n }: Columns): boolean {
  const inOrder = s_n === 1 && s_k === n && s_tx === k * n && s_ty === kw * s_tx;
  return inOrder && offset === 0 && n % 4 === 0 && k % 4 === 0;
}

/** Whether a product rounds one of its operands to float16, as mixed precision does with what is none yet. */
export function roundsOperand(operand: Operand): boolean {
  return isMixed(deviceOf(operand)) && !isHalf(operand);
}

/** Packs w; see shaders/gemm_pack.wgsl. */
function pack(
  op: string,
  w: Operand,
  columns: Columns,
  flags: { readonly NT: number; readonly MIXED: boolean },
  [tiles, steps]: readonly [number, number],
): Tensor {
  const { NT, MIXED } = flags;
  const { n, k, kw, offset, s_ty, s_tx, s_k, s_n } = columns;
  const isStoredHalf = isHalf(w) || (MIXED && storesHalves(deviceOf(w)));
  const b = empty([tiles * steps * NT, 4], isStoredHalf ? 'float16' : 'float32');
  const count = tiles * Math.ceil(steps / RUN) * NT;
  const shape = { count, n, k, k4: Math.ceil(k / 4), kw, steps };
  const params = { ...shape, offset, s_ty, s_tx, s_k, s_n };
  run(`${op} pack`, 'gemm_pack', { WG, RUN, ...flags }, { w, b }, params, Math.ceil(count / WG));
  return b;
}

/** The next multiple of `step`. */
export function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}
