/** The command `fovea classify`, and the weights it needs. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fovea, root } from './cli_harness.js';
import { honest, startLiar } from './io/liar.js';
import { readImage } from '../src/io/images/image.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-classify-'));
  await mkdir(join(folder, 'album/inner'), { recursive: true });
  await copyFile(join(root, 'data/chelsea.png'), join(folder, 'album/b.png'));
  await copyFile(join(root, 'data/coffee.jpg'), join(folder, 'album/inner/c.JPG'));
  await copyFile(join(root, 'data/rocket.jpg'), join(folder, 'album/a.jpg'));
  await writeFile(join(folder, 'album/notes.txt'), 'no picture');
  await writeFile(join(folder, 'broken.jpg'), 'no picture');
});
afterAll(() => rm(folder, { recursive: true }));

interface Document {
  readonly results: readonly {
    readonly file: string;
    readonly predictions?: readonly { readonly label: string; readonly score: number }[];
    readonly error?: { readonly code: string; readonly message: string };
  }[];
}

const at = (name: string): string => join(folder, name);

describe('fovea classify', () => {
  it('says what a picture shows', async () => {
    const { code, stdout } = await fovea(['classify', 'data/chelsea.png']);
    expect(code).toBe(0);
    expect(stdout.split('\n')[1]).toMatch(/^ {3}40\.\d % {2}tiger_cat \(n02123159\)$/);
    expect(stdout.trim().split('\n')).toHaveLength(1 + 5);
  });

  it('takes folders, reports bad files and does the rest', async () => {
    const args = ['classify', at('broken.jpg'), at('album'), '--top', '2', '--batch-size', '2'];
    const { code, stdout, stderr } = await fovea([...args, '--json']);
    expect(code).toBe(4);
    const { results } = JSON.parse(stdout) as Document;
    const names = ['broken.jpg', 'album/a.jpg', 'album/b.png', 'album/inner/c.JPG'];
    expect(results.map(({ file }) => file)).toEqual(names.map(at));
    expect(results[0]!.error).toMatchObject({ code: 'FILE' });
    expect(results[0]).not.toHaveProperty('predictions');
    expect(stderr).toContain('broken.jpg: Not a PNG or JPEG');
    const best = results.slice(1).map(({ predictions }) => predictions!.map(({ label }) => label));
    expect(best.map((labels) => labels.length)).toEqual([2, 2, 2]);
    expect(best.map(([label]) => label)).toEqual(['missile', 'tiger_cat', 'espresso']);
    expect(Object.keys(results[1]!.predictions![0]!)).toEqual(['index', 'id', 'label', 'score']);
  });

  it('takes patterns, prints lines of JSON, writes a sheet', async () => {
    const output = at('sheet');
    const args = ['classify', at('al*/**/*.jpg'), at('album/?.png'), '--jsonl', '--output', output];
    const { code, stdout } = await fovea(args);
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n');
    const files = lines.map((line) => (JSON.parse(line) as { file: string }).file);
    expect(files).toEqual(['album/a.jpg', 'album/b.png'].map(at));
    expect((await readdir(output)).sort()).toEqual(['contact-sheet.html', 'contact-sheet.png']);
    expect(await readImage(join(output, 'contact-sheet.png'))).toMatchObject({ channels: 3 });
    const page = await readFile(join(output, 'contact-sheet.html'), 'utf8');
    expect(page).toContain('41 % tiger_cat');
    expect(page).not.toMatch(/(src|href)="(?!data:|#)/);
  });

  it('fails when nothing is there to be read', async () => {
    const bad = await fovea(['classify', at('broken.jpg'), at('none.png'), '--json']);
    expect(bad.code).toBe(4);
    const { results } = JSON.parse(bad.stdout) as Document;
    expect(results.every(({ error }) => error?.code === 'FILE')).toBe(true);
    await mkdir(at('empty'));
    const empty = await fovea(['classify', at('empty')]);
    expect(empty.code).toBe(4);
    expect(empty.stderr).toMatch(/there are no PNG or JPEG pictures in/);
  });

  it('names the networks there are, and refuses flags that do not fit', async () => {
    const unknown = await fovea(['classify', at('album'), '--model', 'resnet51']);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/no network 'resnet51'[^]*resnet50, [^]*efficientnetlite0/);
    const both = await fovea(['classify', at('album'), '--json', '--jsonl']);
    expect(both.code).toBe(2);
    const many = await fovea(['classify', at('album'), '--top', '1001']);
    expect(many.code).toBe(2);
  });
});

describe('fovea models', () => {
  let env: Record<string, string>;
  beforeEach(async () => {
    env = { FOVEA_CACHE: await mkdtemp(join(folder, 'cache-')), FOVEA_OFFLINE: '' };
  });

  it('two processes share one download', async () => {
    const file = new Uint8Array(100_000);
    file.set([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]);
    const server = await startLiar();
    // The first answer ends only when the second process has said that it waits.
    // It may say so before the first one has asked.
    let tellWaiting = (): void => undefined;
    const isWaiting = new Promise<void>((resolve) => {
      tellWaiting = resolve;
    });
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-length': file.length });
      response.write(file.subarray(0, 1000));
      void isWaiting.then(() => response.end(file.subarray(1000)));
    };
    const pull = (): ReturnType<typeof fovea> =>
      fovea(
        ['models', 'pull', 'mobilenetv2'],
        { ...env, FOVEA_MIRROR: server.url },
        undefined,
        (stderr) => {
          if (stderr.includes('another process downloads')) tellWaiting();
        },
      );
    const [first, second] = await Promise.all([pull(), pull()]);
    await server.close();
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(server.ranges).toEqual([undefined]);
    expect(`${first.stderr}${second.stderr}`).toContain('another process downloads');
    const path = join(env['FOVEA_CACHE']!, 'models/mobilenetv2.h5');
    expect(new Uint8Array(await readFile(path))).toEqual(file);
    expect((await fovea(['models', 'path', 'mobilenetv2'], env)).stdout).toBe(`${path}\n`);
    const listed = await fovea(['models', 'list', '--json'], env);
    const { models } = JSON.parse(listed.stdout) as { models: { name: string; state: string }[] };
    const states = Object.fromEntries(models.map(({ name, state }) => [name, state]));
    expect(states).toMatchObject({
      ...{ mobilenetv2: 'cached', efficientnetlite0: 'bundled', vgg16: 'published' },
    });
    expect((await fovea(['models', 'rm', 'mobilenetv2'], env)).code).toBe(0);
    expect(await readdir(join(env['FOVEA_CACHE']!, 'models'))).toEqual([]);
    expect((await fovea(['models', 'path', 'mobilenetv2'], env)).code).toBe(4);
  });

  it('says what to do offline, and does not take another file than was published', async () => {
    const offline = await fovea(['models', 'pull', 'vgg16'], { ...env, FOVEA_OFFLINE: '1' });
    expect(offline.code).toBe(6);
    expect(offline.stderr).toMatch(/FOVEA_OFFLINE is set[^]*models\/vgg16\.h5/);
    const server = await startLiar();
    server.answer = honest(Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 1));
    const wrong = ['classify', at('album'), '--model', 'vgg16', '--json'];
    const { code, stdout } = await fovea(wrong, { ...env, FOVEA_MIRROR: server.url });
    await server.close();
    expect(code).toBe(6);
    expect(stdout).toMatch(/"NETWORK"[^]*published one is 64373286793e3c8b2b4e3219cbf3544b/);
    expect(await readdir(join(env['FOVEA_CACHE']!, 'models'))).toEqual([]);
  });
});
