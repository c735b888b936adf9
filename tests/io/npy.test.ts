import { describe, expect, it } from 'vitest';
import { FoveaError } from '../../src/errors.js';
import type { StoredTensor } from '../../src/io/formats/array.js';
import { readNpy, readNpz, writeNpy, writeNpz } from '../../src/io/formats/npy.js';
import { expectedNumbers, fixture } from './fixtures.js';

const arrays = new Map<string, StoredTensor>([
  ['w', { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1.5, -0, Infinity, 1e-40) }],
  ['line', { dtype: 'int32', shape: [3], data: Int32Array.of(-7, 0, 2 ** 31 - 1) }],
  ['mask', { dtype: 'uint8', shape: [1, 3], data: Uint8Array.of(1, 2, 255) }],
  ['scalar', { dtype: 'float32', shape: [], data: Float32Array.of(3) }],
  ['empty', { dtype: 'float32', shape: [0, 4], data: new Float32Array(0) }],
]);

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** A version 1 file with any header. */
function file(header: string, data = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(header);
  return Uint8Array.of(
    ...[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 0xff, text.length >> 8],
    ...text,
    ...data,
  );
}

describe('what NumPy wrote', () => {
  it.each(['kinds.npz', 'kinds_deflated.npz'])('every kind of number: %s', (name) => {
    const found = readNpz(fixture(name));
    expect([...found.keys()].sort()).toEqual(Object.keys(expectedNumbers).sort());
    for (const [kind, { dtype, shape, data }] of found) {
      expect(shape).toEqual([2, 2]);
      expect([kind, ...data]).toEqual([kind, ...expectedNumbers[kind]!]);
      const wanted = /f\d$/.test(kind) ? 'float32' : /(u1|b1)$/.test(kind) ? 'uint8' : 'int32';
      expect([kind, dtype]).toEqual([kind, wanted]);
    }
  });

  it('versions 1 to 3', () => {
    for (const version of [1, 2, 3]) {
      const array = readNpy(fixture(`version${version}.npy`));
      expect(array).toEqual({
        dtype: 'float32',
        shape: [2, 3, 4],
        data: Float32Array.from(range(24)),
      });
    }
  });

  it('Fortran order, scalars, empty arrays', () => {
    const found = readNpz(fixture('shapes.npz'));
    expect(found.get('fortran')).toEqual({
      dtype: 'float32',
      shape: [2, 3, 4],
      data: Float32Array.from(range(24)),
    });
    expect(found.get('scalar')).toEqual({ dtype: 'float32', shape: [], data: Float32Array.of(7) });
    expect(found.get('empty')!.shape).toEqual([0, 3]);
    expect(found.get('line')).toEqual({
      dtype: 'int32',
      shape: [3],
      data: Int32Array.of(0, 1, 2),
    });
  });

  it.each<[string, RegExp]>([
    ['structured.npy', /structured array/],
    ['object.npy', /type '\|O' is not supported/],
    ['text.npy', /type '<U2' is not supported/],
    ['complex.npy', /type '<c16' is not supported/],
    ['large_int.npy', /integer 1099511627776/],
  ])('refuses %s', (name, message) => {
    expect(() => readNpy(fixture(name))).toThrow(FoveaError);
    expect(() => readNpy(fixture(name))).toThrow(message);
  });
});

describe('round trip', () => {
  it('npy', () => {
    for (const array of arrays.values()) {
      const bytes = writeNpy(array);
      expect(readNpy(bytes)).toEqual(array);
      expect((bytes.length - array.data.byteLength) % 64).toBe(0);
    }
  });

  it('npz', () => {
    expect(readNpz(writeNpz(arrays))).toEqual(arrays);
    expect(writeNpz(arrays)).toEqual(writeNpz(arrays));
  });

  it('writes the bytes that NumPy writes', () => {
    expect(writeNpy(readNpy(fixture('version1.npy')))).toEqual(fixture('version1.npy'));
  });

  it('refuses a shape that disagrees', () => {
    const array = { dtype: 'float32', shape: [3], data: new Float32Array(2) } as const;
    expect(() => writeNpy(array)).toThrow(/shape \[3\] but 2 elements/);
  });
});

it.each<[string, Uint8Array, RegExp]>([
  ['empty', new Uint8Array(0), /does not begin/],
  ['cut in the header', fixture('version1.npy').subarray(0, 50), /header of 118 bytes/],
  ['cut in the data', fixture('version1.npy').subarray(0, 200), /more than the 72 bytes/],
  ['no dict', file('hello'), /its header is "hello"/],
  ['missing shape', file(`{'descr': '<f4', 'fortran_order': False}`), /its header is/],
  [
    'rest after the dict',
    file(`{'descr': '<f4', 'fortran_order': False, 'shape': (0,)} x`),
    /its header is/,
  ],
  [
    'huge',
    file(`{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }`),
    /4294967296, 4294967296.*more than/,
  ],
  [
    'extra data',
    file(`{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }`, new Uint8Array(3)),
    /takes 2 bytes but 3/,
  ],
  [
    'no number',
    file(`{'descr': '|u1', 'fortran_order': False, 'shape': (2,,3), }`),
    /shape is \(2,,3\)/,
  ],
])('refuses: %s', (_, bytes, message) => {
  expect(() => readNpy(bytes)).toThrow(FoveaError);
  expect(() => readNpy(bytes)).toThrow(message);
});
