import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageFromDirectory, type ImageDirectoryOptions } from '../../src/io/datasets/index.js';
import { numpyShuffle } from '../../src/io/datasets/numpy_random.js';
import { writePng } from '../../src/io/images/image.js';

/** Made by fixtures/make_image_directory.py. */
interface Keras {
  readonly files: readonly string[];
  readonly classNames: readonly string[];
  readonly order: readonly string[];
  readonly labels: readonly number[];
  readonly categorical: readonly (readonly number[])[];
  readonly splits: readonly {
    readonly seed: number;
    readonly training: readonly string[];
    readonly validation: readonly string[];
  }[];
  readonly values: readonly {
    readonly options: Readonly<Record<string, string | boolean>>;
    readonly x: readonly number[];
    readonly shape: readonly number[];
  }[];
}

/** The picture of the script. */
function pixels(number: number): { width: number; height: number; data: Uint8Array } {
  const [height, width] = [9 + (number % 5), 12 + (number % 7)];
  const data = Uint8Array.from(
    { length: height * width * 3 },
    (_, i) => i * (number * 37 + 11) + Math.floor(i / 7) * 5,
  );
  return { width, height, data };
}

let folder: string;
let keras: Keras;
beforeAll(async () => {
  const path = new URL('../fixtures/image_directory.json', import.meta.url);
  keras = JSON.parse(await readFile(path, 'utf8')) as Keras;
  folder = await mkdtemp(join(tmpdir(), 'fovea-pictures-'));
  for (const [number, name] of keras.files.entries()) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writePng(join(folder, name), { ...pixels(number), channels: 3 });
  }
  await mkdir(join(folder, '.hidden'));
});
afterAll(() => rm(folder, { recursive: true }));

const relative = (paths: readonly string[]): string[] =>
  paths.map((path) => path.slice(folder.length + 1));

describe('imageFromDirectory', () => {
  it('lists classes, files and labels as Keras does', async () => {
    const data = await imageFromDirectory(folder, { shuffle: false });
    expect(data.classNames).toEqual(keras.classNames);
    expect(relative(data.filePaths)).toEqual(keras.order);
    expect(Array.from(data.labels)).toEqual(keras.labels);
    const batch = await data.at(0);
    expect(Array.from(batch.y.data)).toEqual(keras.labels);
    const oneHot = await imageFromDirectory(folder, { shuffle: false, labelMode: 'categorical' });
    const { y } = await oneHot.at(0);
    expect(y.shape).toEqual([19, 3]);
    expect(Array.from(y.data)).toEqual(keras.categorical.flat());
  });

  it('splits as Keras does', async () => {
    for (const { seed, training, validation } of keras.splits) {
      const options = { seed, validationSplit: 0.3 } as const;
      const both = await imageFromDirectory(folder, { ...options, subset: 'both' });
      expect(relative(both.training.filePaths)).toEqual(training);
      expect(relative(both.validation.filePaths)).toEqual(validation);
      const one = await imageFromDirectory(folder, { ...options, subset: 'validation' });
      expect(relative(one.filePaths)).toEqual(validation);
    }
  });

  it("gives Keras's values, as bytes", async () => {
    for (const { options, x: values, shape } of keras.values) {
      const given: ImageDirectoryOptions = {
        interpolation: options['interpolation'] as 'bilinear',
        ...(options['crop_to_aspect_ratio'] === true && { cropToAspectRatio: true }),
        ...(options['color_mode'] === 'grayscale' && { colorMode: 'grayscale' }),
      };
      const data = await imageFromDirectory(folder, {
        ...{ ...given, shuffle: false, batchSize: 3, imageSize: [6, 10] },
      });
      const { x } = (await data.at(0)) as { x: { data: Uint8Array; shape: readonly number[] } };
      expect(x.shape).toEqual(shape);
      x.data.forEach((value, i) => {
        const expected = Math.min(255, Math.max(0, values[i]!));
        expect(Math.abs(value - expected)).toBeLessThanOrEqual(1);
      });
    }
  });

  it('takes a share of each class with stratified', async () => {
    const { training, validation } = await imageFromDirectory(folder, {
      ...{ seed: 7, validationSplit: 0.25, subset: 'both', stratified: true },
    });
    const count = (labels: Int32Array): number[] =>
      [0, 1, 2].map((c) => labels.filter((label) => label === c).length);
    expect(count(validation.labels)).toEqual([1, 2, 1]);
    expect(count(training.labels)).toEqual([6, 6, 3]);
    const all = [...training.filePaths, ...validation.filePaths];
    expect(relative(all).sort()).toEqual([...keras.order].sort());
  });

  it('shuffles each pass in another order, equal seeds in equal ones', async () => {
    const passes = async (): Promise<number[][]> => {
      const data = await imageFromDirectory(folder, { seed: 3, batchSize: null });
      const all: number[][] = [[], []];
      for (const pass of all) for await (const { y } of data) pass.push(y as number);
      return all;
    };
    const [first, second] = await passes();
    expect(first).not.toEqual(second);
    expect([...first!].sort()).toEqual([...keras.labels].sort());
    expect(await passes()).toEqual([first, second]);
  });

  it('leaves out what cannot be read, and lists it', async () => {
    const bad = join(folder, '2', 'broken.png');
    await writeFile(bad, 'no picture');
    try {
      const data = await imageFromDirectory(folder, { shuffle: false, imageSize: [8, 8] });
      const { x, y } = await data.at(0);
      expect(x.shape).toEqual([19, 8, 8, 3]);
      expect(Array.from(y.data)).toEqual(keras.labels);
      expect(data.badFiles).toMatchObject([{ file: bad }]);
      expect(data.badFiles[0]!.message).toContain('Not a PNG or JPEG picture');
    } finally {
      await rm(bad);
    }
  });

  it('says what is wrong', async () => {
    await expect(imageFromDirectory(join(folder, 'none'))).rejects.toThrow('none');
    await expect(imageFromDirectory(join(folder, 'ä'))).rejects.toThrow(
      'has no folders, so there are no classes',
    );
    await expect(imageFromDirectory(folder, { classNames: ['2', '10'] })).rejects.toThrow(
      'has the classes 10, 2, ä; expected 2, 10',
    );
    await expect(imageFromDirectory(folder, { validationSplit: 0.2 })).rejects.toThrow(
      'validationSplit and subset go together',
    );
    await expect(
      imageFromDirectory(folder, { validationSplit: 0.2, subset: 'training' }),
    ).rejects.toThrow('a shuffled split needs a seed');
    await expect(imageFromDirectory(folder, { labelMode: 'binary' })).rejects.toThrow(
      'labelMode binary is for two classes',
    );
    await expect(imageFromDirectory(folder, { batchSize: 0 })).rejects.toThrow('batchSize');
  });

  it('keeps an empty class, and another order of the classes', async () => {
    await mkdir(join(folder, '1'));
    try {
      const classNames = ['ä', '1', '2', '10'];
      const data = await imageFromDirectory(folder, { shuffle: false, classNames });
      expect(data.classNames).toEqual(classNames);
      expect(Array.from(data.labels)).toEqual([
        0,
        0,
        0,
        0,
        ...Array<number>(8).fill(2),
        ...Array<number>(7).fill(3),
      ]);
    } finally {
      await rm(join(folder, '1'), { recursive: true });
    }
  });
});

it("shuffles as NumPy's RandomState does", () => {
  // np.random.RandomState(seed).shuffle(list(range(count)))
  expect(Array.from(numpyShuffle(10, 42))).toEqual([8, 1, 5, 0, 7, 2, 9, 4, 3, 6]);
  expect(Array.from(numpyShuffle(10, 1337))).toEqual([6, 3, 0, 4, 5, 2, 1, 9, 8, 7]);
  expect(Array.from(numpyShuffle(25, 1)).slice(0, 8)).toEqual([14, 13, 17, 3, 21, 10, 18, 19]);
});
