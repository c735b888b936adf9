import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { FoveaError } from '../../src/errors.js';
import { withFile } from '../../src/io/files.js';
import * as browser from '../../src/io/formats/h5wasm.browser.js';
import { readHdf5, type Hdf5Group, type Hdf5Value } from '../../src/io/formats/hdf5.js';
import { writeHdf5, type Hdf5Array } from '../../src/io/formats/hdf5_write.js';
import { fixture, kerasFile, kerasModel } from './fixtures.js';

const kinds = fixture('kinds.h5');

/** The weights of a file of the older layout, as Keras finds them: by the names in attributes. */
function legacyWeights(root: Hdf5Group): Map<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  for (const layer of root.attribute('layer_names') as readonly string[]) {
    const group = root.group(layer);
    for (const name of group.attribute('weight_names') as readonly string[]) {
      found.set(name.replace(/:0$/, ''), noted(group.array(name).data));
    }
  }
  return found;
}

/** The expected values were noted with 8 digits. */
const noted = (values: Iterable<number>): number[] =>
  [...values].map((value) => Number(value.toPrecision(8)));
const keras = new Map(kerasModel.weights.map(({ path, values }) => [path, values]));

describe('files that Keras wrote', () => {
  it('older weights', async () => {
    const found = await readHdf5(kerasFile('keras_weights_only_legacy.h5'), legacyWeights);
    // This file has the names of TF-Keras 2: the weights in the same order, `layer/weight`.
    expect([...found.values()]).toEqual([...keras.values()]);
  });

  it('older weights in a full model, with its configuration', async () => {
    await readHdf5(kerasFile('model_full_legacy.h5'), (file) => {
      expect([...legacyWeights(file.group('model_weights')).values()]).toEqual([...keras.values()]);
      const names = kerasModel.layers_in_model_order.map(([name]) => name);
      expect(file.group('model_weights').attribute('layer_names')).toEqual(names);
      expect(JSON.parse(file.attribute('model_config') as string)).toHaveProperty('class_name');
      expect(file.attribute('training_config')).toBeTypeOf('string');
    });
  });

  it('.weights.h5', async () => {
    await readHdf5(kerasFile('model.weights.h5'), (file) => {
      const layers = file.group('layers');
      expect(layers.group('conv2d/vars').attribute('name')).toBe('conv2d');
      expect(layers.group('conv2d/vars').names()).toEqual(['0']);
      const kernel = layers.array('conv2d/vars/0');
      expect(kernel.shape).toEqual([3, 3, 3, 4]);
      expect(noted(kernel.data)).toEqual(keras.get('conv2d/kernel'));
    });
  });
});

describe('files that h5py wrote', () => {
  it('attributes', async () => {
    const expected: Record<string, Hdf5Value | undefined> = {
      fixed: ['a', 'bb'],
      texts: ['x', 'yé'],
      text: 'héllo',
      empty: [],
      integer: 3,
      float: 2.5,
      truth: 1,
      long: ['a', 'b', 'c'],
      missing: undefined,
    };
    await readHdf5(kinds, (file) => {
      for (const [name, value] of Object.entries(expected)) {
        expect([name, file.attribute(name)]).toEqual([name, value]);
      }
    });
  });

  it.each<[string, string]>([
    ...['f2', 'f4', 'f8', '>f4'].map((name): [string, string] => [name, 'float32']),
    ...['i1', 'i8', 'u2', '>i4'].map((name): [string, string] => [name, 'int32']),
    ['u1', 'uint8'],
  ])('numbers of kind %s as %s', async (name, dtype) => {
    const array = await readHdf5(kinds, (file) => file.array(`arrays/${name}`));
    expect({ ...array, data: [...array.data] }).toEqual({
      dtype,
      shape: [2, 3],
      data: [0, 1, 2, 3, 4, 5],
    });
  });

  it('bfloat16, scalars, empty and packed arrays, links', async () => {
    const many = Float32Array.from({ length: 1000 }, (_, i) => i);
    await readHdf5(kinds, (file) => {
      const arrays = file.group('arrays');
      expect(arrays.array('bf16').data).toEqual(Float32Array.of(1, -5));
      expect(arrays.array('scalar')).toEqual({
        dtype: 'int32',
        shape: [],
        data: Int32Array.of(7),
      });
      expect(arrays.array('empty').shape).toEqual([0, 3]);
      for (const name of ['gzip', 'checksum']) {
        expect(arrays.array(name)).toEqual({ dtype: 'float32', shape: [10, 100], data: many });
      }
      expect(file.kind('soft')).toBe('array');
      expect(file.array('soft').data).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
      expect(file.kind('outside')).toBeUndefined();
      expect(file.group('arrays/self/self').kind('f4')).toBe('array');
      expect(file.group('ordered').names()).toEqual(['z', 'a', 'm']);
    });
    const latest = await readHdf5(fixture('latest.h5'), (file) => file.array('gzip').data);
    expect(latest).toEqual(many.subarray(0, 100));
  });

  it.each<[string, RegExp]>([
    ['arrays', /no array '\/arrays'/],
    ['nothing', /no array '\/nothing'/],
    ['arrays/large', /integer 1099511627776/],
    ['arrays/texts', /class-3, which is not supported/],
    ['arrays/lzf', /packed by lzf \(32000\)/],
    ['arrays/unwritten', /1099511627776.*more than the \d+ bytes/],
    ['arrays/sparse', /1099511627776.*more than the \d+ bytes/],
  ])('refuses the array %s', async (path, message) => {
    const read = readHdf5(kinds, (file) => file.array(path));
    await expect(read).rejects.toThrow(FoveaError);
    await expect(read).rejects.toThrow(message);
  });
});

describe('damage', () => {
  /** The file with other bytes at every place where `find` is. */
  function replaced(find: readonly number[], change: (bytes: Uint8Array, at: number) => void) {
    const bytes = kinds.slice();
    for (let at = 0; at < bytes.length; at++) {
      if (find.every((byte, i) => bytes[at + i] === byte)) change(bytes, at);
    }
    return bytes;
  }
  const everything = (file: Hdf5Group): Hdf5Value | undefined => file.attribute('text');
  const heap = [0x47, 0x43, 0x4f, 0x4c];

  it.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /does not begin as one/],
    ['another file', fixture('kinds.npz'), /does not begin as one/],
    ['cut', kinds.subarray(0, 30_000), /does not open/],
    ['superblock', kinds.map((byte, i) => (i === 13 ? 4 : byte)), /4 and 8 bytes/],
    // An empty free object: the HDF5 library itself would never return.
    ['endless heap', replaced(heap, (b, at) => b.fill(0, at + 16, at + 32)), /object .* 0 bytes/],
    ['huge heap', replaced(heap, (b, at) => b.fill(0xff, at + 8, at + 14)), /heap at byte/],
    ['no heap', replaced(heap, (b, at) => b.fill(0, at, at + 4)), /cannot be read/],
  ])('%s', async (_, bytes, message) => {
    const printed = [vi.spyOn(console, 'error'), vi.spyOn(console, 'log')];
    const read = readHdf5(bytes, everything);
    await expect(read).rejects.toThrow(FoveaError);
    await expect(read).rejects.toThrow(message);
    for (const spy of printed) expect(spy).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    // And the next file is read.
    expect(await readHdf5(kinds, everything)).toBe('héllo');
  });

  it('a trap inside the library is an error, and the next file is read', async () => {
    // Chunks of 1 byte where 4 are its checksum: the library reads out of its memory.
    const size = [0xec, 0x03, 0, 0];
    const bytes = replaced(size, (b, at) => b.set([1, 0, 0, 0], at));
    await readHdf5(bytes, (file) => {
      let error: unknown;
      try {
        file.array('arrays/checksum');
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(FoveaError);
      expect((error as FoveaError).cause).toHaveProperty('name', 'RuntimeError');
      expect(() => file.array('arrays/f4')).toThrow(/is broken/);
    });
    expect(await readHdf5(kinds, everything)).toBe('héllo');
  });

  it('errors of the caller pass through, and groups end with the file', async () => {
    const own = new Error('own');
    const read = readHdf5(kinds, () => {
      throw own;
    });
    await expect(read).rejects.toBe(own);
    const group = await readHdf5(kinds, (file) => file);
    expect(() => group.names()).toThrow(/is closed/);
  });
});

describe('writing', () => {
  const arrays = new Map<string, Hdf5Array>([
    ['conv/kernel:0', { dtype: 'float32', shape: [2, 1], data: Float32Array.of(1.5, -2) }],
    ['step', { dtype: 'int64', shape: [], data: BigInt64Array.of(5n) }],
    ['ids', { dtype: 'int32', shape: [2], data: Int32Array.of(-1, 7) }],
    ['empty', { dtype: 'float32', shape: [0, 3], data: new Float32Array(0) }],
  ]);

  it('gives back groups, attributes and arrays', async () => {
    const names = Array.from({ length: 9000 }, (_, i) => `layer_${i}_é`);
    const attributes = { text: 'h"é', list: ['a', ''], none: [], names, long: 'x'.repeat(200_000) };
    const bytes = await writeHdf5({
      attributes,
      arrays,
      groups: new Map([['conv', { attributes: { weight_names: ['kernel:0'] } }]]),
    });
    await readHdf5(bytes, (file) => {
      for (const [name, value] of Object.entries(attributes)) {
        expect(file.attribute(name)).toEqual(value);
      }
      expect(file.names()).toEqual(['conv', 'empty', 'ids', 'step']);
      expect(file.group('conv').attribute('weight_names')).toEqual(['kernel:0']);
      for (const [name, { shape, data }] of arrays) {
        expect(file.array(name).shape).toEqual(shape);
        expect([...file.array(name).data]).toEqual([...data].map(Number));
      }
    });
  });

  it('reads a large array of a file part by part', async () => {
    const [rows, columns] = [3000, 1001];
    const data = Float32Array.from({ length: rows * columns }, (_, i) => i);
    const path = join(await mkdtemp(join(tmpdir(), 'fovea-')), 'large.h5');
    const array: Hdf5Array = { dtype: 'float32', shape: [rows, columns], data };
    await writeFile(path, await writeHdf5({ arrays: new Map([['large', array]]) }));
    const lengths: number[] = [];
    const [byParts, whole] = await withFile(path, (source) =>
      readHdf5(source, (file) => {
        const { parts } = file.arrayInParts('large');
        parts((part) => lengths.push(part.length));
        return [[...lengths], file.array('large').data] as const;
      }),
    );
    expect(byParts).toEqual([1047 * columns, 1047 * columns, 906 * columns]);
    expect(whole).toEqual(data);
  });

  it.each(['', 'a//b', '.', 'ids/x'])('refuses the name "%s"', async (name) => {
    const array = { dtype: 'uint8', shape: [1], data: new Uint8Array(1) } as const;
    const all = new Map<string, Hdf5Array>([
      ['ids', array],
      [name, array],
    ]);
    await expect(writeHdf5({ arrays: all })).rejects.toThrow(/HDF5 cannot write/);
  });

  it('refuses a shape that disagrees', async () => {
    const array = { dtype: 'float32', shape: [3], data: new Float32Array(2) } as const;
    await expect(writeHdf5({ arrays: new Map([['a', array]]) })).rejects.toThrow(/2 elements/);
  });
});

it('a page has one instance of the library, until a file breaks it', async () => {
  const error: unknown = Reflect.get(console, 'error');
  const library = await browser.openH5wasm();
  expect(await browser.openH5wasm()).toBe(library);
  expect(Reflect.get(console, 'error')).toBe(error);
  expect(library.HEAPU8.length).toBeGreaterThan(0);
  browser.discardH5wasm();
  await expect(browser.openH5wasm()).rejects.toThrow(/Reload the page/);
});
