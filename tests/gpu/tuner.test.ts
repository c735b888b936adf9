import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheEntry } from '../../src/gpu/host.node.js';
import { defaultDevice, init, shutdown } from '../../src/gpu/init.js';
import { Tuner, type TunerOptions } from '../../src/gpu/tuner.js';
import { matmul } from '../../src/ops/index.js';
import { tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

const ways = ['first', 'second', 'third', 'fourth', 'fifth'].map((name) => ({ name }));

let folder: string;
let stderr: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-tuner-'));
  vi.stubEnv('FOVEA_CACHE', folder);
  stderr = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** A tuner whose ways take these times, and what it ran. */
function tunerWith(
  nanoseconds: Readonly<Record<string, number>>,
  options: Partial<TunerOptions> = {},
): { tuner: Tuner; ran: string[]; tryOut: (way: { name: string }) => void } {
  const ran: string[] = [];
  const time = (fn: () => void): Promise<number> => {
    fn();
    return Promise.resolve(nanoseconds[ran.at(-1)!]!);
  };
  const store = cacheEntry('tuning.json');
  const all = { mode: 'auto', identity: 'a GPU', store, canTime: () => true, time, ...options };
  return { tuner: new Tuner(all as TunerOptions), ran, tryOut: ({ name }) => void ran.push(name) };
}

const TIMES = { first: 100, second: 90, third: 50, fourth: 70, fifth: 1 };

describe('Tuner', () => {
  it('takes the first way until times are known, then the fastest of the best few', async () => {
    const { tuner, ran, tryOut } = tunerWith(TIMES);
    expect(tuner.choose('key', ways, tryOut).name).toBe('first');
    expect(tuner.isTiming).toBe(true);
    expect(ran.slice(0, 8)).toEqual([1, 2].flatMap(() => ways.slice(0, 4).map((w) => w.name)));
    await tuner.settled();
    expect(tuner.isTiming).toBe(false);
    const count = ran.length;
    expect(tuner.choose('key', ways, tryOut).name).toBe('third');
    expect(ran).toHaveLength(count);
  });

  it('keeps the first way where another is hardly faster, or none could be run', async () => {
    for (const times of [
      { first: 100, second: 99, third: 98, fourth: 98 },
      { first: NaN, second: NaN, third: NaN, fourth: NaN },
    ]) {
      const { tuner, tryOut } = tunerWith(times);
      tuner.choose('key', ways, tryOut);
      await tuner.settled();
      expect(tuner.choose('key', ways, tryOut).name).toBe('first');
    }
  });

  it('goes on without a way that cannot be run', async () => {
    const { tuner } = tunerWith(TIMES);
    const fail = (): void => {
      throw new Error('too large');
    };
    expect(tuner.choose('key', ways, fail).name).toBe('first');
    await tuner.settled();
    expect(tuner.choose('key', ways, fail).name).toBe('first');
  });

  it("measures nothing when it is 'off', cannot time, or must not repeat", () => {
    const off = tunerWith(TIMES, { mode: 'off' });
    const noted = tunerWith(TIMES, { canTime: () => false });
    const once = tunerWith(TIMES);
    expect(off.tuner.choose('key', ways, off.tryOut).name).toBe('first');
    expect(noted.tuner.choose('key', ways, noted.tryOut).name).toBe('first');
    expect(once.tuner.choose('key', ways, undefined).name).toBe('first');
    expect([...off.ran, ...noted.ran, ...once.ran]).toEqual([]);
  });

  it('keeps choices for later processes, with those of others', async () => {
    for (const key of ['one', 'two']) {
      const { tuner, tryOut } = tunerWith(TIMES);
      tuner.choose(key, ways, tryOut);
      await tuner.settled();
    }
    expect(await readdir(folder)).toEqual(['tuning.json']);
    const later = tunerWith({});
    await later.tuner.load();
    for (const key of ['one', 'two']) {
      expect(later.tuner.choose(key, ways, later.tryOut).name).toBe('third');
    }
    expect(later.ran).toEqual([]);
    // A way that is not there any more is measured again.
    expect(later.tuner.choose('one', ways.slice(0, 1), later.tryOut).name).toBe('first');
    expect(stderr).toBe('');
  });

  it.each([
    ['{ "schema": ', 'JSON'],
    ['null', 'no list of choices'],
    ['{ "schema": "tuning/1", "choices": null }', 'no list of choices'],
    [
      '{ "schema": "tuning/1", "identity": "another", "choices": { "key": "third" } }',
      'of another adapter or version',
    ],
  ])('leaves %s out, with a note, and writes a good file in its place', async (text, message) => {
    await writeFile(join(folder, 'tuning.json'), text);
    const { tuner, tryOut } = tunerWith(TIMES);
    await tuner.load();
    expect(stderr).toContain('measured choices of kernels are not used');
    expect(stderr).toContain(message);
    expect(tuner.choose('key', ways, tryOut).name).toBe('first');
    await tuner.settled();
    const file: unknown = JSON.parse(await readFile(join(folder, 'tuning.json'), 'utf8'));
    expect(file).toMatchObject({ identity: 'a GPU', choices: { key: 'third' } });
  });

  it('notes that it cannot write, and goes on', async () => {
    vi.stubEnv('FOVEA_CACHE', join(folder, 'file'));
    await writeFile(join(folder, 'file'), '');
    const { tuner, tryOut } = tunerWith(TIMES);
    tuner.choose('key', ways, tryOut);
    await tuner.settled();
    expect(stderr).toContain('are not kept');
    expect(tuner.choose('key', ways, tryOut).name).toBe('third');
  });
});

describe('products', () => {
  beforeEach(openGpu);
  afterEach(shutdown);

  const values = Float32Array.from({ length: 96 * 96 }, (_, i) => ((i * 7919) % 101) / 101 - 0.5);

  async function square(): Promise<Float32Array> {
    using a = tensor(values, [96, 96]);
    using y = matmul(a, a);
    return (await y.data()) as Float32Array;
  }

  it('are tried out on real data, and come out right meanwhile and afterwards', async () => {
    const device = defaultDevice();
    const expected = await square();
    device.innerLoop = 'simt';
    const names: string[] = [];
    const store = cacheEntry('tuning.json');
    const time = async (fn: () => void): Promise<number> => {
      const before = device.recorder.counters.dispatches;
      names.push('run');
      // The third way is the fastest.
      return (await device.recorder.time(fn)) > 0 && device.recorder.counters.dispatches > before
        ? [50, 40, 10, 30][(names.length - 1) % 4]!
        : NaN;
    };
    const options = { mode: 'auto', identity: 'test', store, canTime: () => true, time } as const;
    Object.assign(device, { tuner: new Tuner(options) });
    const live = device.memory.info().liveBytes;
    const results = [await square()];
    await device.tuner.settled();
    results.push(await square());
    expect(names).toHaveLength(16);
    for (const result of results) {
      result.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 4));
    }
    expect(device.memory.info().liveBytes).toBe(live);
  });

  it("are equal bit for bit in two runs with tune: 'off'", async () => {
    const runs: Float32Array[] = [];
    for (let i = 0; i < 2; i++) {
      shutdown();
      await init({ tune: 'off', log: () => undefined });
      const device = defaultDevice();
      device.innerLoop = 'simt';
      const time = vi.spyOn(device.recorder, 'time');
      runs.push(await square());
      expect(time).not.toHaveBeenCalled();
    }
    expect(runs[0]).toEqual(runs[1]);
    expect(await readdir(folder)).not.toContain('tuning.json');
  });

  it('init refuses another value of tune', async () => {
    shutdown();
    const tune = 'always' as 'auto';
    await expect(init({ tune })).rejects.toMatchObject({ code: 'ARGUMENT' });
  });
});
