import type { Device } from '../gpu/device.js';
import type { Flags } from '../gpu/template.js';

/** A tile of the kernels for GPUs: what one workgroup makes. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** Rows of which the kernels make moments together. */
  readonly segmentRows: number;
  /** What one invocation makes, or one subgroup with matrix units: '8x4'. */
  readonly each: string;
  /** Compile-time flags of the kernels. */
  readonly flags: Flags & { readonly NT: number; readonly INVOCATIONS: number };
  /** Bytes of workgroup memory. */
  readonly bytes: number;
  /** Share of the f32 peak that a GPU full of such tiles reaches. */
  readonly efficiency: number;
}

/** How a product is computed. */
export interface Choice {
  /** '64x64 by 4x4, 8 splits'. */
  readonly name: string;
  readonly tile: Tile;
  /** Parts that the summands of one result are shared out to. */
  readonly splits: number;
}

/** Size of some products [m, k] x [k, n]. */
export interface ProductSize {
  /** Number of products that are computed at once. */
  readonly count: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** k that a tile stages at a time. */
const SLAB = 16;

function tile(rows: number, columns: number, TM: number, TN: number, efficiency: number): Tile {
  const INVOCATIONS = (rows / TM) * (columns / TN);
  const flags = { BM: rows, NT: columns, TM, TN, INVOCATIONS };
  // Those of gemm_simt, which needs the most.
  const bytes = SLAB * 4 * (rows + 2 + columns);
  return { rows, columns, segmentRows: rows, each: `${TM}x${TN}`, flags, bytes, efficiency };
}

/** All tiles of gemm_simt and filter_simt; few, so that few pipelines are compiled. */
export const TILES: readonly Tile[] = [
  tile(32, 32, 4, 4, 0.3),
  tile(64, 64, 4, 4, 0.45),
  tile(64, 64, 8, 4, 0.5),
  tile(128, 64, 8, 4, 0.6),
  tile(128, 128, 8, 8, 0.75),
];

/** Columns of the widest tile. */
export const WIDEST = 128;

/** Tiles of gemm_sgmat and filter_sgmat: rows, columns, and those of a subgroup; efficiency. */
const MATRIX_TILES = [
  [64, 64, 32, 32, 1],
  [128, 64, 64, 32, 1.5],
  [128, 128, 64, 32, 2],
  [128, 128, 64, 64, 2.2],
] as const;

/** The tiles of gemm_sgmat and filter_sgmat on a device; without matrix units they are emulated. */
export function matrixTiles({ gpu, info, matrixUnits }: Device): readonly Tile[] {
  const EMULATED = matrixUnits === undefined;
  const F16 = gpu.features.has('shader-f16');
  const { M, N, K } = matrixUnits ?? { M: 16, N: 16, K: 16 };
  const SG = EMULATED ? 32 : info.subgroupSize;
  const BK = 32;
  const common = { MM: M, MN: N, MK: K, SG, BK, EMULATED, F16, H: F16 ? 'f16' : 'f32' };
  return MATRIX_TILES.map(([rows, columns, SM, SN, efficiency]) => {
    const subgroups = (rows / SM) * (columns / SN);
    const staged = rows * (BK + 8) + BK * (columns + 8);
    return {
      ...{ rows, columns, segmentRows: SM, each: `${SM}x${SN}`, efficiency },
      flags: { ...common, BM: rows, NT: columns, SM, SN, INVOCATIONS: subgroups * SG },
      bytes: (F16 ? 2 : 4) * staged + 4 * subgroups * (M * N + 4 * SG),
    };
  });
}

/** Slabs that a split must sum over, to be worth its partial sums. */
const MIN_SLABS = 4;
const SPLITS = [1, 2, 4, 8, 16, 32];

/** A GPU of middle size, which the static rule is made for. */
const GPU = {
  flops: 20e12,
  bytesPerSecond: 800e9,
  /** Workgroups that run at the same time. */
  groups: 160,
  /** Seconds that a dispatch costs. */
  launch: 5e-6,
};

/**
 * The ways to compute a product, best first as far as that can be told without trying: the time of
 * arithmetic, rounded up to whole rounds of workgroups, or of memory traffic, whichever is longer.
 *
 * @param limits of the device
 * @param minSplits parts that k must be shared out to at least
 */
export function rankChoices(
  tiles: readonly Tile[],
  limits: GPUSupportedLimits,
  size: ProductSize,
  minSplits = 1,
): readonly Choice[] {
  const slabs = Math.ceil(size.k / SLAB);
  const most = Math.max(minSplits, Math.floor(slabs / MIN_SLABS));
  const splits = [...new Set([minSplits, ...SPLITS.map((n) => n * minSplits)])];
  const choices = tiles
    .filter(
      (each) =>
        each.flags.INVOCATIONS <= limits.maxComputeInvocationsPerWorkgroup &&
        each.bytes <= limits.maxComputeWorkgroupStorageSize,
    )
    .flatMap((each) =>
      splits
        .filter((count) => count === minSplits || (count <= most && isSmall(each, size, count)))
        .map((count) => choiceOf(each, count)),
    );
  const seconds = new Map(choices.map((choice) => [choice, estimate(choice, size)]));
  return choices.sort((a, b) => seconds.get(a)! - seconds.get(b)!);
}

function choiceOf(each: Tile, splits: number): Choice {
  const parts = splits === 1 ? '' : `, ${splits} splits`;
  return { name: `${each.rows}x${each.columns} by ${each.each}${parts}`, tile: each, splits };
}

function tilesOf({ rows, columns }: Tile, { count, m, n }: ProductSize): number {
  return count * Math.ceil(m / rows) * Math.ceil(n / columns);
}

/** Whether a GPU has room for that many splits of each tile. */
function isSmall(each: Tile, size: ProductSize, splits: number): boolean {
  return tilesOf(each, size) * splits <= 4 * GPU.groups;
}

/** Seconds that a choice would take. */
export function estimate({ tile: each, splits }: Choice, size: ProductSize): number {
  const { count, m, n, k } = size;
  const { rows, columns, efficiency } = each;
  const depth = Math.ceil(Math.ceil(k / SLAB) / splits) * SLAB;
  const rounds = Math.ceil((tilesOf(each, size) * splits) / GPU.groups);
  const perTile = (2 * rows * columns * depth * GPU.groups) / (GPU.flops * efficiency);
  const bytes = 4 * count * (m * k + k * n + m * n + (splits > 1 ? 2 * splits * m * n : 0));
  const launches = splits > 1 ? 2 : 1;
  return Math.max(rounds * perTile, bytes / GPU.bytesPerSecond) + launches * GPU.launch;
}
