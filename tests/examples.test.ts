/** The examples run from end to end, on small made-up data in the layout of the real ones. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { withAndWithout } from '../examples/cifar10.js';
import { fourWays } from '../examples/four_ways.js';
import { signs } from '../examples/gtsrb.js';
import { compare } from '../examples/mlp_and_cnn.js';
import { writePng } from '../src/io/images/image.js';

let folder: string;
const at = (...names: readonly string[]): string => join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-examples-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  vi.spyOn(console, 'log').mockReturnValue(undefined);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});

/** A picture of one colour for each class. */
async function picture(path: string, label: number, side: number): Promise<void> {
  const data = Uint8Array.from(
    { length: side * side * 3 },
    (_, i) => (label * 97 + (i % 3) * 60) % 256,
  );
  await writePng(path, { width: side, height: side, channels: 3, data });
}

describe('examples', () => {
  it('mlp_and_cnn', { timeout: 120_000 }, async () => {
    const rows = await compare(at('mlp'), 3);
    expect(rows.map(({ parameters }) => parameters)).toEqual([17226, 7562]);
    for (const { accuracies } of rows) expect(accuracies).toHaveLength(3);
    // What it is about: the dense network knows nothing of digits that were moved.
    const [dense, convolutional] = rows.map(({ accuracies }) => accuracies[0]! - accuracies[2]!);
    expect(dense).toBeGreaterThan(convolutional!);
    expect(await readdir(at('mlp'))).toEqual(['mlp-and-cnn.png']);
  });

  it('cifar10', { timeout: 120_000 }, async () => {
    const x = Uint8Array.from({ length: 20 * 3072 }, (_, i) => 25 * (Math.floor(i / 3072) % 10));
    const y = Int32Array.from({ length: 20 }, (_, i) => i % 10);
    const part = { x, y, shape: [20, 32, 32, 3] } as const;
    const results = await withAndWithout({ train: part, test: part }, at('cifar'), 1);
    expect(results.map(({ name }) => name)).toEqual(['dropout', 'no dropout']);
    expect((await readdir(at('cifar'))).sort()).toEqual(['accuracy.png', 'loss.png']);
  });

  it('four_ways', { timeout: 240_000 }, async () => {
    for (const part of ['train', 'test']) {
      for (let label = 0; label < 10; label++) {
        await mkdir(at('ten', part, `c${label}`), { recursive: true });
        for (let i = 0; i < 2; i++)
          await picture(at('ten', part, `c${label}`, `${i}.png`), label, 32);
      }
    }
    const plan = { folder: at('ten'), size: 32, train: 2, test: 2, epochs: [2, 1, 1] } as const;
    const accuracies = await fourWays(plan);
    expect(Object.keys(accuracies).map((name) => name[0])).toEqual(['1', '2', '2', '3', '4']);
    for (const accuracy of Object.values(accuracies)) expect(accuracy).toBeLessThanOrEqual(1);
  });

  it('gtsrb', { timeout: 240_000 }, async () => {
    const lines = ['ClassId,Path'];
    await mkdir(at('signs', 'Test'), { recursive: true });
    for (let label = 0; label < 43; label++) {
      await mkdir(at('signs', 'Train', `${label}`), { recursive: true });
      for (let i = 0; i < 2; i++) {
        await picture(at('signs', 'Train', `${label}`, `0_${i}.png`), label, 32);
      }
      await picture(at('signs', 'Test', `${label}.png`), label, 32);
      lines.push(`${label},Test/${label}.png`);
    }
    await writeFile(at('signs', 'Test.csv'), lines.join('\n'));
    const accuracy = await signs({
      ...{ folder: at('signs'), output: at('out'), weights: null, size: 32 },
      ...{ perClass: { train: 1, validation: 1 }, epochs: [1, 1] },
    });
    expect(accuracy).toBeGreaterThanOrEqual(0);
    expect(await readFile(at('out', 'classes.txt'), 'utf8')).toContain('Speed limit (20km/h)');
  });
});
