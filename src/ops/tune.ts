import { debug } from '../gpu/debug.js';
import type { Device } from '../gpu/device.js';
import { matrixTiles, rankChoices, TILES, type Choice, type ProductSize } from './tiles.js';

/** Steps of four k in a slab of the kernels for GPUs. */
const SLAB_STEPS = 4;

/** Shares steps of four k out to at most `most` splits of whole slabs; one split where there is none. */
export function shareSteps(
  steps: number,
  most: number,
): { readonly splits: number; readonly split_steps: number } {
  const slabs = Math.ceil(steps / SLAB_STEPS);
  const split_steps = SLAB_STEPS * Math.max(1, Math.ceil(slabs / most));
  return { splits: Math.max(1, Math.ceil(steps / split_steps)), split_steps };
}

/** The kernels for GPUs. */
export type ProductKind = `${'gemm' | 'filter'}_${'simt' | 'sgmat'}`;

/**
 * How a product is computed on a GPU: as was measured to be fastest, else as it should be.
 *
 * @param kind which kernel
 * @param tryOut computes it in one way, to measure how long that takes
 * @param minSplits see `rankChoices`
 */
export function choose(
  op: string,
  device: Device,
  kind: ProductKind,
  size: ProductSize,
  tryOut: ((choice: Choice) => void) | undefined,
  minSplits = 1,
): Choice {
  const ways = waysOf(device, kind, size, minSplits);
  const choice = device.tuner.choose(keyOf(kind, size, minSplits), ways, tryOut);
  debug(3, () => `${op}: tiles of ${choice.name}, of ${ways.length} ways`);
  return choice;
}

/** All ways to compute a product, best first as far as can be told without trying. */
function waysOf(
  device: Device,
  kind: ProductKind,
  size: ProductSize,
  minSplits = 1,
): readonly Choice[] {
  const known = ranked.get(device) ?? new Map<string, readonly Choice[]>();
  ranked.set(device, known);
  const key = [kind, size.count, size.m, size.n, size.k, minSplits].join();
  let ways = known.get(key);
  if (!ways) {
    const tiles = kind.endsWith('sgmat') ? matrixTiles(device) : TILES;
    ways = rankChoices(tiles, device.gpu.limits, size, minSplits);
    known.set(key, ways);
  }
  return ways;
}

/** What was ranked before: the same products come at each step. */
const ranked = new WeakMap<Device, Map<string, readonly Choice[]>>();

/** Sizes that depend on the batch are rounded up to powers of two, so that few are measured. */
function keyOf(kind: ProductKind, { count, m, n, k }: ProductSize, minSplits: number): string {
  const rounded = (size: number): number => (size < 64 ? size : 2 ** Math.ceil(Math.log2(size)));
  const [rows, depth] = kind.startsWith('filter') ? [m, rounded(k)] : [rounded(m), k];
  return `${kind} ${count} of ${rows}x${depth}x${n}${minSplits > 1 ? ` in ${rounded(minSplits)}` : ''}`;
}
