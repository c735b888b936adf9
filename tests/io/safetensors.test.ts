import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FoveaError } from '../../src/errors.js';
import { wholeTensor } from '../../src/io/formats/array.js';
import {
  readSafetensors,
  writeSafetensors,
  type StoredTensor,
} from '../../src/io/formats/safetensors.js';
import { safetensorsIn } from '../../src/io/formats/safetensors_file.js';
import { inMemory } from '../../src/io/formats/source.js';

/** A file with any header text, so that rules can be broken one by one. */
function file(header: string, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const sample = new Map<string, StoredTensor>([
  ['mask', { dtype: 'uint8', shape: [3], data: Uint8Array.of(1, 2, 255) }],
  ['w', { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1.5, -0, Infinity, 1e-40) }],
  ['ids', { dtype: 'int32', shape: [2], data: Int32Array.of(-7, 2 ** 31 - 1) }],
  ['scalar', { dtype: 'float32', shape: [], data: Float32Array.of(3) }],
  ['empty', { dtype: 'float32', shape: [0, 4], data: new Float32Array(0) }],
]);

describe('round trip', () => {
  it('gives back tensors and metadata', () => {
    const { tensors, metadata } = readSafetensors(
      writeSafetensors(sample, { format: 'fovea', é: '"\\' }),
    );
    expect(metadata).toEqual({ format: 'fovea', é: '"\\' });
    expect([...tensors.keys()].sort()).toEqual([...sample.keys()].sort());
    for (const [name, tensor] of sample) expect(tensors.get(name)).toEqual(tensor);
  });

  it('rounds floats to float16 where that is asked for', () => {
    // Ties go to the even neighbour; 2^-25 lies between 0 and the smallest half.
    const given = [1 + 2 ** -11, 1 + 3 * 2 ** -11, -0.1, 2 ** -24, 2 ** -25, 1.5 * 2 ** -24, 1e-3];
    const expected = [1, 1 + 2 ** -9, -0.0999755859375, 2 ** -24, 0, 2 ** -23, 1049 * 2 ** -20];
    const limits = [65504, 65519.9, 65520, -1e9, Infinity, 2 ** -14 - 2 ** -26];
    const rounded = [65504, 65504, Infinity, -Infinity, Infinity, 2 ** -14];
    const data = Float32Array.of(...given, ...limits, NaN);
    const tensors = new Map<string, StoredTensor>([
      ['w', { dtype: 'float32', shape: [data.length], data }],
      ['ids', { dtype: 'int32', shape: [1], data: Int32Array.of(5) }],
    ]);
    const bytes = writeSafetensors(tensors, {}, 'F16');
    const back = readSafetensors(bytes).tensors;
    expect([...back.get('w')!.data]).toEqual([...expected, ...rounded, NaN]);
    expect([...back.get('ids')!.data]).toEqual([5]);
  });

  it('comes part by part, of memory or of a file', () => {
    const data = Float32Array.from({ length: 2_500_000 }, (_, i) => i);
    const large = new Map<string, StoredTensor>([
      ...sample,
      ['large', { dtype: 'float32', shape: [2500, 1000], data }],
    ]);
    const tensors = safetensorsIn(inMemory(writeSafetensors(large)));
    const lengths: number[] = [];
    tensors.get('large')!.parts((part) => lengths.push(part.length));
    expect(lengths).toEqual([2 ** 20, 2 ** 20, 2_500_000 - 2 ** 21]);
    for (const [name, tensor] of large) expect(wholeTensor(tensors.get(name)!)).toEqual(tensor);
  });

  it('pads the header to 8 bytes and is the same for any order', () => {
    const bytes = writeSafetensors(sample);
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
    expect(writeSafetensors(new Map([...sample].reverse()))).toEqual(bytes);
  });

  it('reads from any alignment', () => {
    const bytes = writeSafetensors(sample);
    for (let shift = 0; shift < 4; shift++) {
      const moved = new Uint8Array(bytes.length + shift);
      moved.set(bytes, shift);
      expect(readSafetensors(moved.subarray(shift)).tensors.get('w')).toEqual(sample.get('w'));
    }
  });

  it('any shapes and values', () => {
    const tensor = fc
      .array(fc.nat(4), { maxLength: 4 })
      .chain((shape) => {
        const count = shape.reduce((a, b) => a * b, 1);
        return fc.tuple(
          fc.constant(shape),
          fc.float32Array({ minLength: count, maxLength: count }),
        );
      })
      .map(([shape, data]): StoredTensor => ({ dtype: 'float32', shape, data }));
    const name = fc.string().filter((text) => text !== '__metadata__');
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key }), (list) => {
        const tensors = new Map(list);
        const back = readSafetensors(writeSafetensors(tensors)).tensors;
        expect(back.size).toBe(tensors.size);
        for (const [key, value] of tensors) expect(back.get(key)).toEqual(value);
      }),
      { numRuns: 100 },
    );
  });
});

describe('reading', () => {
  it('widens F16 and BF16', () => {
    const data = new Uint8Array(
      Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0xfc00, 0x7e00, 0x3f80, 0xc0a0).buffer,
    );
    const header =
      '{"h":{"dtype":"F16","shape":[6],"data_offsets":[0,12]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[12,16]}}';
    const { tensors } = readSafetensors(file(header, data));
    expect(tensors.get('h')!.data).toEqual(Float32Array.of(1, -2, 2 ** -24, 65504, -Infinity, NaN));
    expect(tensors.get('b')!.data).toEqual(Float32Array.of(1, -5));
  });

  const one = (dtype: string, shape: string, offsets: string) =>
    `{"t":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}}`;
  const good = one('F32', '[1]', '[0,4]');

  it.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /only 0 bytes/],
    ['header beyond the file', file(good).subarray(0, 20), /header of \d+ bytes in a file of 20/],
    ['not JSON', file('{"a":'), /not JSON/],
    ['array header', file('[1]'), /begin with/],
    ['duplicate tensor', file('{"t":1,"t":2}'), /'t' twice/],
    ['duplicate through an escape', file('{"t":1,"\\u0074" :2}'), /'t' twice/],
    ['duplicate inside', file('{"t":{"dtype":"F32","dtype":"F32"}}'), /'dtype' twice/],
    ['missing data', file(good), /take 4 bytes but 0/],
    ['extra data', file(good, new Uint8Array(5)), /take 4 bytes but 5/],
    [
      'hole',
      file(one('U8', '[2]', '[2,4]'), new Uint8Array(4)),
      /begins at byte 2 of the data, not at 0/,
    ],
    ['shape too small', file(one('F32', '[2]', '[0,4]'), new Uint8Array(4)), /needs 8 bytes/],
    ['overflow', file(one('F32', '[4294967296,4294967296]', '[0,4]'), new Uint8Array(4)), /needs/],
    ['negative size', file(one('F32', '[-1]', '[0,4]'), new Uint8Array(4)), /shape \[-1\]/],
    ['fraction', file(one('F32', '[1.5]', '[0,6]'), new Uint8Array(6)), /shape \[1.5\]/],
    ['unknown type', file(one('constructor', '[1]', '[0,4]'), new Uint8Array(4)), /unknown type/],
    ['unsupported type', file(one('I64', '[1]', '[0,8]'), new Uint8Array(8)), /I64.*not supported/],
    ['offsets reversed', file(one('F32', '[1]', '[4,0]'), new Uint8Array(4)), /lies at 4 to 0/],
    ['metadata not text', file('{"__metadata__":{"a":1}}'), /'a' is not a string/],
    ['not UTF-8', file('{"é":1}').map((b) => (b === 0xc3 ? 0xff : b)), /not UTF-8/],
  ])('refuses: %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(FoveaError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it('refuses a header above 100 MB before looking at it', () => {
    const bytes = file('{}');
    new DataView(bytes.buffer).setBigUint64(0, 2n ** 63n, true);
    expect(() => readSafetensors(bytes)).toThrow(/declares a header/);
  });

  it('random damage gives tensors or a FoveaError', () => {
    const whole = writeSafetensors(sample, { a: 'b' });
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    const changes = fc.array(change, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(changes, fc.nat(whole.length), fc.boolean(), (list, length, cut) => {
        const bytes = whole.slice(0, cut ? length : undefined);
        for (const [at, value] of list) if (at < bytes.length) bytes[at] = value;
        try {
          readSafetensors(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FoveaError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

it('refuses to write what would not come back', () => {
  const tensor = { dtype: 'float32', shape: [3], data: new Float32Array(2) } as const;
  expect(() => writeSafetensors(new Map([['t', tensor]]))).toThrow(/'t' has shape \[3\] but 2/);
  const reserved = new Map<string, StoredTensor>([['__metadata__', { ...tensor, shape: [2] }]]);
  expect(() => writeSafetensors(reserved)).toThrow(/__metadata__/);
});
