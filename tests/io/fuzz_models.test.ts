/** Models in damaged files are refused, or are models; nothing else happens. */
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FoveaError } from '../../src/errors.js';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { readZip, writeZip } from '../../src/io/formats/zip.js';
import { loadModel } from '../../src/io/model.js';
import { openGpu } from '../setup.js';
import { modelFolder } from './keras_models.js';
import { mutated, mutatedJson, randomOf, type Random } from './mutate.js';

/** How many damaged models are read. */
const count = Number(process.env['FOVEA_FUZZ'] ?? 36);

let scratch: string;
beforeAll(async () => {
  await openGpu();
  scratch = await mkdtemp(join(tmpdir(), 'fovea-fuzz-'));
});
afterAll(async () => {
  shutdown();
  await rm(scratch, { recursive: true });
});

const decode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const encode = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

/** One of the members; mostly the configuration, as JSON. */
function damagedZip(file: Uint8Array, random: Random): Uint8Array {
  const members = readZip(file);
  const [name, change] = (
    [
      ['config.json', (bytes: Uint8Array) => encode(mutatedJson(decode(bytes), random))],
      ['config.json', (bytes: Uint8Array) => mutated(bytes, random)],
      ['metadata.json', (bytes: Uint8Array) => encode(mutatedJson(decode(bytes), random))],
      ['model.weights.h5', (bytes: Uint8Array) => mutated(bytes, random)],
    ] as const
  )[Math.max(0, random(12) - 8)]!;
  return writeZip(new Map(members).set(name, change(members.get(name)!)));
}

/** The configuration, in the place that it has; or any bytes. */
function damagedHdf5(file: Uint8Array, random: Random): Uint8Array {
  const start = decode(file).indexOf('{"class_name": "');
  // HDF5 has the length of a text in the eight bytes before it.
  const length = new DataView(file.buffer, file.byteOffset).getUint32(start - 8, true);
  const config = decode(file.subarray(start, start + length));
  const other = random(4) === 0 ? undefined : mutatedJson(config, random);
  if (other === undefined || other.length > length) return mutated(file, random);
  file.set(encode(other.padEnd(length)), start);
  return file;
}

async function damagedFile(seed: number): Promise<string> {
  const random = randomOf(seed);
  const files = ['functional.keras', 'two.keras', 'chain.h5', 'functional.h5', 'chain2.h5', 'tfjs'];
  const name = files[seed % files.length]!;
  if (name !== 'tfjs') {
    const file = new Uint8Array(await readFile(join(modelFolder, name)));
    const damage = name.endsWith('.h5') ? damagedHdf5 : damagedZip;
    const path = join(scratch, name);
    await writeFile(path, damage(file, random));
    return path;
  }
  const text = await readFile(join(modelFolder, 'tfjs/model.json'), 'utf8');
  await writeFile(join(scratch, 'model.json'), mutatedJson(text, random));
  return scratch;
}

it(
  'damaged models are read or refused, and leave nothing on the GPU',
  async () => {
    for (const file of await readdir(join(modelFolder, 'tfjs'))) {
      await copyFile(join(modelFolder, 'tfjs', file), join(scratch, file));
    }
    const { memory } = defaultDevice();
    const before = memory.info();
    const seen = { read: 0, refused: 0, slowest: 0, slowestSeed: 0 };
    for (let seed = 0; seed < count; seed++) {
      const path = await damagedFile(seed);
      const start = performance.now();
      try {
        (await loadModel(path)).dispose();
        seen.read++;
      } catch (error) {
        expect(error, `seed ${seed}`).toBeInstanceOf(FoveaError);
        const { code, cause, stack } = error as FoveaError;
        const isForeseen = cause instanceof FoveaError || cause instanceof SyntaxError;
        const text = `seed ${seed}: ${String((cause as Error).stack ?? stack)}`;
        expect(isForeseen || /nested too deeply/.test((error as Error).message), text).toBe(true);
        expect(code, text).toBe('FILE');
        seen.refused++;
      }
      const taken = performance.now() - start;
      if (taken > seen.slowest) Object.assign(seen, { slowest: taken, slowestSeed: seed });
      expect(memory.info().liveStorages, `seed ${seed}`).toBe(before.liveStorages);
    }
    if (process.env['FOVEA_FUZZ']) console.info(seen, memory.info());
    expect(memory.info().peakBytes).toBeLessThan(before.peakBytes + 2 ** 28);
    expect(seen.refused).toBeGreaterThan(0);
    expect(seen.read).toBeGreaterThan(0);
  },
  60_000 + count * 300,
);

it('sizes that no file could hold are refused before anything is allocated', async () => {
  const members = new Map(readZip(new Uint8Array(await readFile(join(modelFolder, 'two.keras')))));
  const config = decode(members.get('config.json')!).replace(/"units": 2\b/, '"units": 200000000');
  const path = join(scratch, 'huge.keras');
  await writeFile(path, writeZip(members.set('config.json', encode(config))));
  const { memory } = defaultDevice();
  const { liveStorages, bufferBytes } = memory.info();
  await expect(loadModel(path)).rejects.toMatchObject({
    code: 'FILE',
    message: expect.stringMatching(
      /huge\.keras: .* need far more weights than its \d+ bytes/,
    ) as string,
  });
  expect(memory.info().liveStorages).toBe(liveStorages);
  expect(memory.info().bufferBytes).toBeLessThan(bufferBytes + 2 ** 27);
});
