/** The command `fovea dataset`. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readImage, writePng } from '../src/io/images/image.js';
import { fovea } from './cli_harness.js';

let folder: string;
const at = (...names: readonly string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-dataset-'));
  for (const [c, name] of ['cat', 'dog'].entries()) {
    await mkdir(at('pets', name), { recursive: true });
    for (let i = 0; i < 10; i++) {
      const [width, height] = [10 + i, 12];
      const data = new Uint8Array(width * height * 3).fill(20 * i + c);
      await writePng(at('pets', name, `${i}.png`), { width, height, channels: 3, data });
    }
  }
});
afterAll(() => rm(folder, { recursive: true }));

it('counts, and shows samples', async () => {
  const output = at('samples.png');
  const { code, stdout } = await fovea([
    'dataset',
    'stats',
    at('pets'),
    '--output',
    output,
    '--json',
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ pictures: 20, badFiles: 0, channels: { 3: 20 }, endings: { png: 20 } },
    classes: [
      { name: 'cat', pictures: 10 },
      { name: 'dog', pictures: 10 },
    ],
    ...{ width: { min: 10, median: 15, max: 19 }, height: { min: 12, median: 12, max: 12 } },
  });
  const { width, height } = await readImage(output);
  expect([width, height]).toEqual([8 * 138 + 10, 2 * 164 + 10]);
});

it('finds what is wrong', async () => {
  const fine = await fovea(['dataset', 'check', at('pets')]);
  expect([fine.code, fine.stdout]).toEqual([0, '20 pictures, 0 problems\n']);
  const same = { width: 8, height: 7, channels: 1, data: new Uint8Array(56) } as const;
  await mkdir(at('bad', 'a'), { recursive: true });
  await mkdir(at('bad', 'b'));
  await mkdir(at('bad', 'none'));
  await writePng(at('bad', 'a', '1.png'), same);
  await writePng(at('bad', 'b', '2.png'), same);
  await writeFile(at('bad', 'b', '3.jpg'), 'no picture');
  const { code, stdout } = await fovea(['dataset', 'check', at('bad'), '--json']);
  expect(code).toBe(4);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ pictures: 2, problems: 5, emptyClasses: ['none'] },
    badFiles: [{ file: at('bad', 'b', '3.jpg') }],
    duplicates: [[at('bad', 'a', '1.png'), at('bad', 'b', '2.png')]],
    tiny: [at('bad', 'a', '1.png'), at('bad', 'b', '2.png')],
  });
});

it('splits class by class, never over what is there', async () => {
  const args = ['dataset', 'split', at('pets'), '--validation', '0.2', '--test', '0.1', '--output'];
  const { code, stdout } = await fovea([...args, at('split'), '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ output: at('split'), train: 14, validation: 4, test: 2 });
  const names = async (root: string, part: string): Promise<string[]> =>
    (await readdir(join(root, part, 'cat'))).sort();
  expect(await names(at('split'), 'train')).toHaveLength(7);
  const all = await Promise.all(
    ['train', 'validation', 'test'].map((part) => names(at('split'), part)),
  );
  expect(all.flat().sort()).toEqual(Array.from({ length: 10 }, (_, i) => `${i}.png`));
  await fovea([...args, at('linked'), '--link']);
  expect(await names(at('linked'), 'train')).toEqual(all[0]);
  const again = await fovea([...args, at('split')]);
  expect(again.code).toBe(2);
  expect(again.stderr).toContain('already');
});
