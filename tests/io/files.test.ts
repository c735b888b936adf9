import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readFileOrThrow, writeFileAtomic } from '../../src/io/files.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-files-'));
});
afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true });
});

it('writes text and bytes, makes folders, replaces what was there', async () => {
  const path = join(folder, 'a/b/file');
  await writeFileAtomic(path, 'größer');
  expect(await readFile(path, 'utf8')).toBe('größer');
  await writeFileAtomic(path, Uint8Array.of(0, 255, 7));
  expect(await readFileOrThrow(path)).toEqual(Uint8Array.of(0, 255, 7));
  expect(await readdir(join(folder, 'a/b'))).toEqual(['file']);
});

it('leaves nothing half-written when the last step fails', async () => {
  const path = join(folder, 'taken');
  await mkdir(path);
  await writeFile(join(path, 'inside'), 'old');
  await expect(writeFileAtomic(path, 'new')).rejects.toMatchObject({
    name: 'FoveaError',
    code: 'FILE',
  });
  expect(await readdir(folder)).toEqual(['taken']);
  expect(await readFile(join(path, 'inside'), 'utf8')).toBe('old');
});

it('never shows a reader anything but a whole file', async () => {
  const path = join(folder, 'file');
  const sizes = [10, 3_000_000];
  await writeFileAtomic(path, new Uint8Array(10));
  const seen: number[] = [];
  const writing = Promise.all(
    Array.from({ length: 10 }, (_, i) => writeFileAtomic(path, new Uint8Array(sizes[i % 2]!))),
  );
  for (let i = 0; i < 30; i++) seen.push((await readFile(path)).length);
  await writing;
  expect(seen.every((size) => sizes.includes(size))).toBe(true);
  expect(await readdir(folder)).toEqual(['file']);
});

it('names the path and the reason when reading fails', async () => {
  const missing = join(folder, 'missing.png');
  await expect(readFileOrThrow(missing)).rejects.toMatchObject({ code: 'FILE' });
  await expect(readFileOrThrow(missing)).rejects.toThrow(`${missing}: there is no such file`);
  await expect(readFileOrThrow(folder)).rejects.toThrow('it is a folder');
  await writeFile(join(folder, 'plain'), '');
  await expect(readFileOrThrow(join(folder, 'plain/x'))).rejects.toThrow('is a file, not a folder');
});
