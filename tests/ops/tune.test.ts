import { describe, expect, it } from 'vitest';
import { estimate, rankChoices, TILES, type Choice } from '../../src/ops/tiles.js';
import { shareSteps } from '../../src/ops/tune.js';

const limits = {
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 32_768,
} as GPUSupportedLimits;

function best(m: number, n: number, k: number, minSplits = 1): Choice {
  return rankChoices(TILES, limits, { count: 1, m, n, k }, minSplits)[0]!;
}

describe('the fixed rule', () => {
  it('takes large tiles for large products, small ones and splits for small grids', () => {
    expect(best(4096, 4096, 4096).name).toBe('128x128 by 8x8');
    const small = best(49, 512, 4608);
    expect(small.splits).toBeGreaterThan(1);
    expect(best(32, 32, 16).name).toBe('32x32 by 4x4');
  });

  it('ranks by its estimate, and names all ways differently', () => {
    const size = { count: 1, m: 196, n: 256, k: 2304 };
    const ranked = rankChoices(TILES, limits, size);
    const times = ranked.map((choice) => estimate(choice, size));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(new Set(ranked.map(({ name }) => name)).size).toBe(ranked.length);
  });

  it('never goes below the splits that accuracy asks for', () => {
    for (const { splits } of rankChoices(TILES, limits, { count: 9, m: 64, n: 64, k: 1e6 }, 245)) {
      expect(splits).toBeGreaterThanOrEqual(245);
    }
  });

  it('keeps to the limits of the adapter', () => {
    const least = {
      maxComputeInvocationsPerWorkgroup: 128,
      maxComputeWorkgroupStorageSize: 16_384,
    } as GPUSupportedLimits;
    const ranked = rankChoices(TILES, least, { count: 1, m: 4096, n: 4096, k: 4096 });
    expect(new Set(ranked.map(({ tile: { flags } }) => flags.INVOCATIONS))).toEqual(
      new Set([64, 128]),
    );
  });
});

describe('shareSteps', () => {
  it.each([
    [0, 4, 1, 4],
    [1, 4, 1, 4],
    [72, 1, 1, 72],
    [72, 4, 4, 20],
    [73, 8, 7, 12],
  ])('%d steps in at most %d splits: %d of %d', (steps, most, splits, split_steps) => {
    expect(shareSteps(steps, most)).toEqual({ splits, split_steps });
    expect(splits * split_steps).toBeGreaterThanOrEqual(steps);
  });
});
