import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/io/formats/safetensors.js';

const script = fileURLToPath(new URL('resumable.ts', import.meta.url));
const OPTIONS = ['--conditions=fovea-source', '--import', 'tsx', script];

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fovea-resume-'));
});
afterAll(() => rm(root, { recursive: true }));

/** Trains in a process of its own, killed where it prints `killedAt`; returns what it printed. */
function train(folder: string, seed: number, killedAt?: string): Promise<string[]> {
  const forever = killedAt === undefined ? [] : ['forever'];
  const child = spawn(process.execPath, [...OPTIONS, folder, String(seed), ...forever]);
  let printed = '';
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    if (killedAt !== undefined && printed.includes(`${killedAt}\n`)) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const isRight = killedAt === undefined ? code === 0 : signal === 'SIGKILL';
      if (isRight) resolve(printed.trimEnd().split('\n'));
      else reject(new Error(`ended with ${code ?? signal ?? ''}: ${errors}`));
    });
  });
}

describe('a training that is killed twice', () => {
  it('gives the same bytes as one that is not', async () => {
    const [whole, killed] = [await mkdtemp(join(root, 'a-')), await mkdtemp(join(root, 'b-'))];
    const all = await train(whole, 1);
    expect(all[0]).toBe('epoch 0 batch 0');
    expect(all.at(-1)).toBe('epoch 4 batch 9');

    await train(killed, 1, 'epoch 1 batch 4');
    const backup = join(killed, 'backup');
    const bytes = await readFile(join(backup, 'snapshot.safetensors'));
    expect(readSafetensors(bytes).tensors.size).toBeGreaterThan(0);
    // As if it had been killed while it wrote the next one.
    await writeFile(join(backup, '.snapshot.safetensors.1-7.tmp'), bytes.subarray(0, 5000));
    // Seeds of the processes that go on do not count.
    const second = await train(killed, 2, 'epoch 3 batch 7');
    expect(all.indexOf(second[0]!)).toBeGreaterThanOrEqual(15);
    const third = await train(killed, 3);
    expect(all.indexOf(third[0]!)).toBeGreaterThanOrEqual(36);

    const files = (await readdir(whole)).sort();
    expect(files).toEqual([
      ...[1, 2, 3, 4, 5].map((epoch) => `epoch-0${epoch}.safetensors`),
      ...['final.safetensors', 'history.csv', 'history.json'],
    ]);
    const others = await readdir(killed);
    // What was being written when the process was killed may be left.
    expect(others.filter((name) => !name.endsWith('.tmp')).sort()).toEqual(files);
    for (const name of files) {
      const [expected, found] = await Promise.all(
        [whole, killed].map((folder) => readFile(join(folder, name))),
      );
      expect(found!.equals(expected!), name).toBe(true);
    }
    const history = await readFile(join(killed, 'history.json'), 'utf8');
    const rates = (JSON.parse(history) as { history: { learning_rate: number[] } }).history;
    expect(rates.learning_rate).toEqual([0.01, 0.01, 0.01, 0.001, 0.001]);
  });
});
