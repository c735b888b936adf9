import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  cifar10,
  cifar100,
  fromTensors,
  gtsrb,
  imagesFromCsv,
  mnist,
  toCategorical,
} from '../../src/io/datasets/index.js';
import { decodeImage, writePng } from '../../src/io/images/image.js';
import { honest, startLiar } from './liar.js';

let folder: string;
const at = (...names: readonly string[]): string => join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-data-'));
});
afterAll(() => rm(folder, { recursive: true }));

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** A record of CIFAR: labels, then three planes that say which they are. */
function record(labels: readonly number[], first: number): number[] {
  return [...labels, ...[0, 1, 2].flatMap((c) => Array<number>(1024).fill(first + c))];
}

const RED_GREEN_BLUE = [10, 11, 12, 10, 11, 12];

describe('CIFAR', () => {
  const binary = async (
    inner: string,
    files: Readonly<Record<string, readonly number[]>>,
  ): Promise<void> => {
    await mkdir(at(inner), { recursive: true });
    for (const [name, bytes] of Object.entries(files)) {
      await writeFile(at(inner, name), Uint8Array.from(bytes));
    }
  };

  it('reads the binary version: batches in their order, channels last', async () => {
    const batches = [1, 2, 3, 4, 5].map((i) => [`data_batch_${i}.bin`, record([i], 10 * i)]);
    const files = { ...Object.fromEntries(batches), 'test_batch.bin': record([9], 90) } as Record<
      string,
      number[]
    >;
    await binary('cifar-10-batches-bin', files);
    for (const given of [folder, at('cifar-10-batches-bin')]) {
      const { train, test, classNames } = await cifar10({ folder: given });
      expect(train.shape).toEqual([5, 32, 32, 3]);
      expect(Array.from(train.y)).toEqual([1, 2, 3, 4, 5]);
      expect(Array.from(train.x.subarray(0, 6))).toEqual(RED_GREEN_BLUE);
      expect(Array.from(test.x.subarray(-3))).toEqual([90, 91, 92]);
      expect(classNames[9]).toBe('truck');
    }
    await writeFile(
      at('cifar-10-batches-bin/test_batch.bin'),
      Uint8Array.from(record([9], 90).slice(1)),
    );
    await expect(cifar10({ folder })).rejects.toThrow('3072 bytes, which are no records of 3073');
  });

  it('reads fine and coarse labels', async () => {
    const files = { 'train.bin': record([3, 42], 10), 'test.bin': record([4, 43], 20) };
    await binary('cifar-100-binary', files);
    const fine = await cifar100({ folder });
    expect([...fine.train.y, ...fine.test.y]).toEqual([42, 43]);
    expect(fine.classNames[42]).toBe('leopard');
    const coarse = await cifar100({ folder, labelMode: 'coarse' });
    expect([...coarse.train.y, ...coarse.test.y]).toEqual([3, 4]);
    expect(coarse.classNames[3]).toBe('food_containers');
  });

  it('reads the Python version', async () => {
    const python = at('python');
    await mkdir(python);
    for (const name of [1, 2, 3, 4, 5].map((i) => `data_batch_${i}`)) {
      await writeFile(join(python, name), pickle([6], record([], 10)));
    }
    await writeFile(join(python, 'test_batch'), pickle([7], record([], 20)));
    const { train, test } = await cifar10({ folder: python });
    expect([...train.y, ...test.y]).toEqual([6, 6, 6, 6, 6, 7]);
    expect(Array.from(train.x.subarray(0, 6))).toEqual(RED_GREEN_BLUE);
    await writeFile(join(python, 'test_batch'), pickle([7, 8], record([], 20)));
    await expect(cifar10({ folder: python })).rejects.toThrow('too short');
  });

  it('reads the archive, and says what it is not', async () => {
    const names = [...[1, 2, 3, 4, 5].map((i) => `data_batch_${i}`), 'test_batch'];
    const files = names.map(
      (name) => [`cifar-10-batches-bin/${name}.bin`, record([1], 10)] as const,
    );
    await mkdir(at('packed'));
    const path = at('packed', 'cifar-10-binary.tar.gz');
    await writeFile(path, gzipSync(tar(files)));
    const { train } = await cifar10({ folder: at('packed') });
    expect(train.shape).toEqual([5, 32, 32, 3]);
    await writeFile(path, gzipSync(tar(files).subarray(0, 9000)));
    await expect(cifar10({ folder: at('packed') })).rejects.toThrow('truncated');
    await writeFile(path, 'no archive');
    await expect(cifar10({ folder: at('packed') })).rejects.toThrow('no usable gzip file');
    await expect(cifar10({ folder: at('nowhere') })).rejects.toThrow(
      'has no cifar-10-binary.tar.gz',
    );
  });

  it('refuses a download that is not what was published', async () => {
    const liar = await startLiar();
    liar.answer = honest(gzipSync(tar([['a', [1]]])));
    Object.assign(process.env, { FOVEA_MIRROR: liar.url, FOVEA_CACHE: at('cache') });
    try {
      await expect(cifar10()).rejects.toMatchObject({ code: 'NETWORK' });
    } finally {
      delete process.env['FOVEA_MIRROR'];
      delete process.env['FOVEA_CACHE'];
      await liar.close();
    }
  });
});

/** What Python 2's cPickle wrote: {'labels': [...], 'data': array of uint8}. */
function pickle(labels: readonly number[], data: readonly number[]): Uint8Array {
  const short = (value: string): number[] => [0x55, value.length, ...text(value)];
  const global = (module: string, name: string): number[] => [
    0x63,
    ...text(`${module}\n${name}\n`),
  ];
  const int32 = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 255);
  const number = (value: number): number[] => [0x4a, ...int32(value)];
  const array = [
    ...[...global('numpy.core.multiarray', '_reconstruct'), ...global('numpy', 'ndarray')],
    ...[...number(0), 0x85, ...short('b'), 0x87, 0x52],
    ...[0x28, ...number(1), ...number(labels.length), ...number(data.length / labels.length), 0x86],
    ...[...global('numpy', 'dtype'), ...short('u1'), ...number(0), ...number(1), 0x87, 0x52],
    ...[0x89, 0x54, ...int32(data.length), ...data, 0x74, 0x62],
  ];
  const list = [0x5d, 0x28, ...labels.flatMap((label) => [0x4b, label]), 0x65];
  return Uint8Array.from([
    ...[0x80, 2, 0x7d, 0x28, ...short('labels'), ...list, ...short('data'), ...array, 0x75, 0x2e],
  ]);
}

function tar(files: readonly (readonly [string, readonly number[]])[]): Uint8Array {
  const blocks = files.flatMap(([name, content]) => {
    const header = new Uint8Array(512);
    header.set(text(name));
    header.set(text(content.length.toString(8).padStart(11, '0')), 124);
    header[156] = 0x30;
    const body = new Uint8Array(Math.ceil(content.length / 512) * 512);
    body.set(content);
    return [header, body];
  });
  return Buffer.concat([...blocks, new Uint8Array(1024)]);
}

it('reads MNIST', async () => {
  const idx = (shape: readonly number[], values: readonly number[]): Uint8Array =>
    gzipSync(
      Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap((n) => [0, 0, 0, n]), ...values]),
    );
  await mkdir(at('mnist'));
  for (const [part, label] of [
    ['train', 3],
    ['t10k', 4],
  ] as const) {
    await writeFile(at('mnist', `${part}-images-idx3-ubyte.gz`), idx([2, 1, 2], [1, 2, 3, 4]));
    await writeFile(at('mnist', `${part}-labels-idx1-ubyte.gz`), idx([2], [label, label]));
  }
  const { train, test } = await mnist({ folder: at('mnist') });
  expect(train).toEqual({
    x: Uint8Array.of(1, 2, 3, 4),
    y: Int32Array.of(3, 3),
    shape: [2, 1, 2, 1],
  });
  expect(Array.from(test.y)).toEqual([4, 4]);
  await writeFile(at('mnist', 't10k-labels-idx1-ubyte.gz'), idx([2], [4]));
  await expect(mnist({ folder: at('mnist') })).rejects.toThrow('has 1 values, its header says 2');
  await writeFile(at('mnist', 't10k-labels-idx1-ubyte.gz'), idx([1], [4]));
  await expect(mnist({ folder: at('mnist') })).rejects.toThrow('do not go together');
});

describe('pictures of a CSV file', () => {
  it('finds labels by their names: the class 2 comes after 10', async () => {
    await mkdir(at('signs'));
    for (const [i, name] of ['a', 'b', 'c'].entries()) {
      const data = new Uint8Array(12).fill(i);
      await writePng(at('signs', `${name}.png`), { width: 2, height: 2, channels: 3, data });
    }
    const csv = at('signs.csv');
    await writeFile(csv, 'Width,ClassId,Path\n2,2,a.png\n2,10,"b.png"\n2,1,c.png\n');
    const options = { csv, images: at('signs'), imageSize: [2, 2] } as const;
    const data = await imagesFromCsv(options);
    expect(data.classNames).toEqual(['1', '10', '2']);
    const { x, y } = await data.at(0);
    expect(Array.from(y.data)).toEqual([2, 1, 0]);
    expect(x.shape).toEqual([3, 2, 2, 3]);
    const ordered = await imagesFromCsv({ ...options, classNames: ['1', '2', '10'] });
    expect(Array.from(ordered.labels)).toEqual([1, 2, 0]);
    await expect(imagesFromCsv({ ...options, classNames: ['1', '2'] })).rejects.toThrow(
      "signs.csv, line 3: there is no class '10'",
    );
    await expect(imagesFromCsv({ ...options, labelColumn: 'Class' })).rejects.toThrow(
      "has no column 'Class'",
    );
    await writeFile(csv, 'Filename;ClassId\na.png;1\n');
    expect((await imagesFromCsv({ ...options, fileColumn: 'Filename' })).size).toBe(1);
  });
});

describe('GTSRB', () => {
  const small = { width: 2, height: 2, channels: 3, data: new Uint8Array(12) } as const;

  it('reads the layout of Kaggle, with the official class numbers', async () => {
    for (let label = 0; label < 43; label++) {
      await mkdir(at('kaggle', 'Train', String(label)), { recursive: true });
      for (let i = 0; i < 10; i++) {
        const frame = `${String(label).padStart(5, '0')}_0000${Math.floor(i / 3)}_0000${i % 3}.png`;
        await writePng(at('kaggle', 'Train', String(label), frame), small);
      }
    }
    await mkdir(at('kaggle', 'Test'));
    await writePng(at('kaggle', 'Test', '0.png'), small);
    await writeFile(at('kaggle', 'Test.csv'), 'Width,ClassId,Path\n2,2,Test/0.png\n');
    const options = { imageSize: [4, 4], seed: 1 } as const;
    const all = await gtsrb(at('kaggle'), options);
    expect(all.classNames[2]).toBe('Speed limit (50km/h)');
    expect(Array.from((await all.test.at(0)).y.data)).toEqual([2]);
    // Of ten frames of signs 0 to 3, the last fifth begins within sign 2: all of it is validation.
    expect(all.train.labels).toHaveLength(43 * 6);
    expect(all.validation.filePaths[0]).toContain('00000_00002_00000.png');
    const few = await gtsrb(at('kaggle'), { ...options, perClass: { train: 3, validation: 2 } });
    expect(few.train.labels).toHaveLength(43 * 3);
    expect(few.validation.labels).toHaveLength(43 * 2);
    const [ids] = [few.train.filePaths.slice(0, 3).map((path) => path.slice(-15, -4))];
    expect(ids).toEqual(['00000_00000', '00000_00002', '00001_00001']);
    await expect(gtsrb(at('kaggle'), { perClass: { train: 9, validation: 2 } })).rejects.toThrow(
      "the class 'Speed limit (20km/h)' has 10 pictures, perClass asks for 11",
    );
    await expect(gtsrb(folder)).rejects.toThrow('neither a folder Train nor Final_Training');
  });

  it('reads the pictures of the official layout', async () => {
    const ppm = Buffer.concat([
      text('P6\n# a comment\n2 1\n255\n'),
      Uint8Array.of(1, 2, 3, 4, 5, 6),
    ]);
    expect(await decodeImage(ppm)).toEqual({
      ...{ width: 2, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
    });
    await expect(decodeImage(ppm.subarray(0, -1))).rejects.toThrow('truncated: 5 of 6 bytes');
    await expect(decodeImage(text('P6 2 1 65535 x'))).rejects.toThrow('65536 levels');
    await expect(decodeImage(text('P6 a b'))).rejects.toThrow('its header is damaged');
  });
});

describe('arrays', () => {
  it('become data sets', async () => {
    const x = { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] };
    const data = fromTensors({ x, y: [7, 8, 9] });
    expect(await data.at(1)).toEqual({ x: { data: Float32Array.of(3, 4), shape: [2] }, y: 8 });
    expect((await data.batch(3).at(0)).y.data).toEqual(Int32Array.of(7, 8, 9));
    expect(() => fromTensors({ x, y: [1] })).toThrow('equally many rows, got x [3, 2], y [1]');
    expect(() => fromTensors({ x: { ...x, shape: [4, 2] } })).toThrow('6 values of x do not fill');
  });

  it('become one-hot rows', () => {
    expect(toCategorical([1, 0, 2])).toEqual({
      ...{ data: Float32Array.of(0, 1, 0, 1, 0, 0, 0, 0, 1), shape: [3, 3] },
    });
    expect(toCategorical([0], 2).shape).toEqual([1, 2]);
    expect(() => toCategorical([0, 2], 2)).toThrow('label 1 is 2; classes are 0 to 1');
  });
});
