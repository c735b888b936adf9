import type { Device } from '../gpu/device.js';

/** A tile of the kernels for GPUs (gemm_simt, filter_simt): what one workgroup makes. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** Compile-time flags of the kernels. */
  readonly flags: {
    readonly BM: number;
    readonly NT: number;
    /** What one invocation makes. */
    readonly TM: number;
    readonly TN: number;
    readonly INVOCATIONS: number;
  };
  /** Share of the peak that a GPU full of such tiles reaches. */
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

function tile(rows: number, columns: number, TM: number, TN: number, efficiency: number): Tile {
  const INVOCATIONS = (rows / TM) * (columns / TN);
  return { rows, columns, flags: { BM: rows, NT: columns, TM, TN, INVOCATIONS }, efficiency };
}

/** All tiles; few, so that few pipelines are compiled. */
export const TILES: readonly Tile[] = [
  tile(32, 32, 4, 4, 0.3),
  tile(64, 64, 4, 4, 0.45),
  tile(64, 64, 8, 4, 0.5),
  tile(128, 64, 8, 4, 0.6),
  tile(128, 128, 8, 8, 0.75),
];

/** Columns of the widest tile. */
export const WIDEST = Math.max(...TILES.map(({ columns }) => columns));

/** k that a tile stages at a time. */
const SLAB = 16;
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

/** Bytes of workgroup memory of a tile; see gemm_simt.wgsl, which needs the most. */
function workgroupBytes({ rows, columns }: Tile): number {
  return SLAB * 4 * (rows + 2 + columns);
}

/**
 * The ways to compute a product, best first as far as that can be told without trying: the time of
 * arithmetic, rounded up to whole rounds of workgroups, or of memory traffic, whichever is longer.
 *
 * @param minSplits parts that k must be shared out to at least
 */
export function rankChoices(
  { gpu: { limits } }: Pick<Device, 'gpu'>,
  size: ProductSize,
  minSplits = 1,
): readonly Choice[] {
  const slabs = Math.ceil(size.k / SLAB);
  const most = Math.max(minSplits, Math.floor(slabs / MIN_SLABS));
  const splits = [...new Set([minSplits, ...SPLITS.map((n) => n * minSplits)])];
  const choices = TILES.filter(
    (each) =>
      each.flags.INVOCATIONS <= limits.maxComputeInvocationsPerWorkgroup &&
      workgroupBytes(each) <= limits.maxComputeWorkgroupStorageSize,
  ).flatMap((each) =>
    splits
      .filter((count) => count === minSplits || (count <= most && isSmall(each, size, count)))
      .map((count) => choiceOf(each, count)),
  );
  const seconds = new Map(choices.map((choice) => [choice, estimate(choice, size)]));
  return choices.sort((a, b) => seconds.get(a)! - seconds.get(b)!);
}

function choiceOf(each: Tile, splits: number): Choice {
  const { rows, columns, flags } = each;
  const parts = splits === 1 ? '' : `, ${splits} splits`;
  return { name: `${rows}x${columns} by ${flags.TM}x${flags.TN}${parts}`, tile: each, splits };
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
