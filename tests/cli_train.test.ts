/** The commands `fovea train` and `fovea evaluate RUN`. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePng } from '../src/io/images/image.js';
import { fovea } from './cli_harness.js';

let folder: string;
const at = (name: string): string => join(folder, name);

/** Stripes: across, down, or none. */
async function picture(path: string, kind: number, seed: number): Promise<void> {
  const data = new Uint8Array(16 * 16 * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % 16, Math.floor(i / 48)];
    const stripe = kind === 2 ? 0 : ((kind === 0 ? y : x) + seed) % 4 < 2 ? 90 : -90;
    data[i] = 128 + stripe + ((i * (seed + 7) * 2654435761) >>> 28);
  }
  await writePng(path, { width: 16, height: 16, channels: 3, data });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-train-'));
  for (const [kind, name] of ['across', 'down', 'plain'].entries()) {
    for (const part of ['train', 'test']) await mkdir(at(`${part}/${name}`), { recursive: true });
    for (let i = 0; i < 20; i++) await picture(at(`train/${name}/${i}.png`), kind, i);
    for (let i = 0; i < 4; i++) await picture(at(`test/${name}/${i}.png`), kind, i + 50);
  }
  await writeFile(at('train/plain/broken.png'), 'no picture');
});
afterAll(() => rm(folder, { recursive: true }));

const common = (...more: readonly string[]): string[] => [
  ...['train', '--data', at('train'), '--image-size', '16', '--batch', '8', '--seed', '3'],
  ...['--epochs', '3', '--validation-split', '0.2', '--output', at('runs'), ...more],
];

interface Result {
  readonly run: string;
  readonly history: Readonly<Record<string, readonly number[]>>;
}

const history = (run: string): Promise<string> =>
  readFile(join(at('runs'), run, 'history.csv'), 'utf8');

describe('fovea train', () => {
  it('writes the folder of a run, which can be evaluated', { timeout: 120_000 }, async () => {
    const trained = await fovea(common('--name', 'whole', '--augment', 'flip', '--json'));
    expect(trained.stderr).toContain('49 pictures to train on, 12 to validate, 3 classes');
    expect(trained.stderr).toContain('broken.png: Not a PNG or JPEG');
    expect(trained.stderr).toMatch(/Epoch 3\/3 .* waiting for data: \d+ %/);
    expect(trained.code).toBe(0);
    const { run, history: values } = JSON.parse(trained.stdout) as Result;
    expect(run).toBe(at('runs/whole'));
    expect(values['val_accuracy']).toHaveLength(3);
    expect((await readdir(run)).sort()).toEqual(
      [
        'best.keras',
        'config.json',
        'history.csv',
        'last.keras',
        'logs',
        'metrics.json',
        'report.html',
      ].sort(),
    );
    const config = JSON.parse(await readFile(join(run, 'config.json'), 'utf8')) as object;
    expect(config).toMatchObject({
      model: 'cifar10',
      seed: 3,
      classNames: ['across', 'down', 'plain'],
    });

    const judged = await fovea([
      'evaluate',
      run,
      '--data',
      at('test'),
      '--output',
      at('judged'),
      '--json',
    ]);
    expect(judged.code).toBe(0);
    const { samples, accuracy, confusion } = JSON.parse(judged.stdout) as {
      samples: number;
      accuracy: number;
      confusion: number[][];
    };
    expect(samples).toBe(12);
    const right = confusion.reduce((sum, row, i) => sum + row[i]!, 0);
    expect(accuracy).toBeCloseTo(right / 12, 12);
    const lines = (await readFile(at('judged/predictions.csv'), 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(13);
    expect(lines[1]).toMatch(/across\/0\.png","across","\w+",0\.\d+$/);
  });

  it('stops at Ctrl-C, and goes on to the bit', { timeout: 180_000 }, async () => {
    const long = ['--epochs', '6'];
    const straight = await fovea(common('--name', 'straight', ...long));
    expect(straight.code).toBe(0);
    let isAsked = false;
    const stopped = await fovea(
      common('--name', 'stopped', '--json', ...long),
      {},
      undefined,
      (stderr, child) => {
        if (isAsked || !stderr.includes('Epoch 1/6')) return;
        isAsked = true;
        child.kill('SIGINT');
      },
    );
    expect(stopped.code).toBe(130);
    const run = at('runs/stopped');
    const resume = `fovea train --resume ${run}`;
    expect(JSON.parse(stopped.stdout)).toEqual({ run, interrupted: true, resume });
    expect(stopped.stderr).toMatch(
      /stopped after step \d+ of epoch \d+; go on with: fovea train --resume/,
    );
    expect((await history('stopped')).split('\n').length).toBeLessThan(8);

    const resumed = await fovea(resume.split(' ').slice(1));
    expect(resumed.code).toBe(0);
    expect(await history('stopped')).toBe(await history('straight'));
    const loss = resumed.stdout.match(/ loss (\S+),/)![1];
    expect(straight.stdout).toContain(` loss ${loss!},`);
    const again = await fovea(['train', '--resume', run]);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('has ended');
  });

  it('trains what was trained before, from its file', { timeout: 120_000 }, async () => {
    const model = at('runs/whole/best.keras');
    const args = [
      'train',
      '--data',
      at('train'),
      '--model',
      model,
      '--epochs',
      '1',
      '--lr',
      '1e-4',
    ];
    const { code, stderr } = await fovea([...args, '--output', at('more')]);
    expect(stderr).toContain('272,547 of 272,547 parameters');
    expect(code).toBe(0);
    expect(await readdir(at('more'))).toEqual(['best']);
  });

  it('refuses what cannot be', { timeout: 120_000 }, async () => {
    // Drivers may write to stderr, too.
    const fails = async (
      code: number,
      message: string,
      ...args: readonly string[]
    ): Promise<void> => {
      const ended = await fovea(['train', ...args]);
      expect(ended.stdout).toBe('');
      expect(ended.stderr).toContain(message);
      expect(ended.code).toBe(code);
    };
    await fails(2, "train: data must be given: the folder with the pictures, got ''");
    await fails(2, "there is no network 'resnet5'", '--data', at('test'), '--model', 'resnet5');
    await fails(2, 'there is a folder', ...common('--name', 'whole').slice(1));
    await fails(4, 'is no folder of a run', '--resume', at('test'));
    await fails(2, '--resume keeps all', '--resume', at('runs/whole'), '--epochs', '9');
    await writeFile(at('config.json'), '{"data": "x", "epoch": 3}');
    await fails(2, "unknown options 'epoch'", '--config', at('config.json'));
    await fails(2, "augment: cannot do 'mirror'", '--data', at('test'), '--augment', 'mirror');
  });
});
