import { describe, expect, it } from 'vitest';
import { FoveaError } from '../../src/errors.js';
import { readTfjsWeights } from '../../src/io/formats/tfjs.js';

const bytesOf = (data: ArrayBufferView): number[] => [
  ...new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
];

const floats = Float32Array.of(1.5, -2, 3, 0.25);

/** One group in one shard. */
function read(weights: unknown, data: readonly number[] | Uint8Array = []) {
  return readTfjsWeights([{ paths: ['a.bin'], weights }], () => Uint8Array.from(data));
}

it('reads several groups, each of several shards that cut through weights', () => {
  const data = [
    ...bytesOf(Uint8Array.of(1, 0, 1)),
    ...bytesOf(floats),
    ...bytesOf(Int32Array.of(-7)),
  ];
  const shards: Record<string, Uint8Array> = {
    'group1-shard1of2.bin': Uint8Array.from(data.slice(0, 6)),
    'group1-shard2of2.bin': Uint8Array.from(data.slice(6)),
    'sub/group2.bin': Uint8Array.of(9),
  };
  const asked: string[] = [];
  const manifest = [
    {
      paths: ['group1-shard1of2.bin', 'group1-shard2of2.bin'],
      weights: [
        { name: 'mask', shape: [3], dtype: 'bool' },
        { name: 'conv/kernel', shape: [2, 2], dtype: 'float32' },
        { name: 'step', shape: [], dtype: 'int32' },
      ],
    },
    { paths: ['sub/group2.bin'], weights: [{ name: 'b', shape: [1], dtype: 'uint8' }] },
    { paths: [], weights: [{ name: 'none', shape: [0, 2], dtype: 'float32' }] },
  ];
  const weights = readTfjsWeights(manifest, (path) => {
    asked.push(path);
    return shards[path]!;
  });
  expect(asked).toEqual(Object.keys(shards));
  expect([...weights]).toEqual([
    ['mask', { dtype: 'uint8', shape: [3], data: Uint8Array.of(1, 0, 1) }],
    ['conv/kernel', { dtype: 'float32', shape: [2, 2], data: floats }],
    ['step', { dtype: 'int32', shape: [], data: Int32Array.of(-7) }],
    ['b', { dtype: 'uint8', shape: [1], data: Uint8Array.of(9) }],
    ['none', { dtype: 'float32', shape: [0, 2], data: new Float32Array(0) }],
  ]);
});

describe('quantised weights', () => {
  it('uint8 and uint16 by scale and minimum', () => {
    const quantization = { dtype: 'uint8', scale: 0.5, min: -1, original_dtype: 'float32' };
    const weights = read(
      [
        { name: 'a', shape: [3], dtype: 'float32', quantization },
        { name: 'c', shape: [2], dtype: 'int32', quantization: { ...quantization, scale: 1.3 } },
        {
          name: 'b',
          shape: [2],
          dtype: 'float32',
          quantization: { ...quantization, dtype: 'uint16' },
        },
      ],
      [0, 1, 255, 0, 2, 0, 0, 0xff, 0xff],
    );
    expect(weights.get('a')!.data).toEqual(Float32Array.of(-1, -0.5, 126.5));
    expect(weights.get('b')!.data).toEqual(Float32Array.of(-1, 65535 * 0.5 - 1));
    expect(weights.get('c')!.data).toEqual(Int32Array.of(-1, 2));
  });

  it('float16', () => {
    const quantization = { dtype: 'float16', original_dtype: 'float32' };
    const weight = { name: 'a', shape: [2], dtype: 'float32', quantization };
    expect(read([weight], [0, 0x3c, 0, 0xc0]).get('a')!.data).toEqual(Float32Array.of(1, -2));
  });
});

const one = { name: 'a', shape: [2], dtype: 'uint8' };

it.each<[string, () => unknown, RegExp]>([
  [
    'no list',
    () => readTfjsWeights({}, () => new Uint8Array(0)),
    /weightsManifest is an object, not a list/,
  ],
  ['no group', () => readTfjsWeights([3], () => new Uint8Array(0)), /a group is 3/],
  ['no weights', () => read(undefined), /'weights' is undefined/],
  ['no name', () => read([{ shape: [0], dtype: 'uint8' }]), /named undefined/],
  ['twice', () => read([one, one], [1, 2, 3, 4]), /'a' twice/],
  ['too few bytes', () => read([one], [1]), /more than the 1 bytes/],
  ['too many bytes', () => read([one], [1, 2, 3]), /has 3 bytes, but its weights take 2/],
  ['negative size', () => read([{ ...one, shape: [-1] }]), /shape \[-1\]/],
  ['huge', () => read([{ ...one, shape: [2 ** 40, 2 ** 40] }]), /more than the 0 bytes/],
  [
    'deep nesting',
    () => read([{ ...one, shape: JSON.parse('['.repeat(1e5) + ']'.repeat(1e5)) as unknown }]),
    /shape \[a list\]/,
  ],
  ['text', () => read([{ ...one, dtype: 'string' }]), /type "string", which is not supported/],
  [
    'packing',
    () => read([{ ...one, quantization: { dtype: 'uint4' } }]),
    /quantization of type "uint4"/,
  ],
  [
    'type and packing',
    () => read([{ ...one, quantization: { dtype: 'uint8', scale: 1, min: 0 } }], [1, 2]),
    /of type uint8 cannot be quantised/,
  ],
  [
    'a shard twice',
    () => readTfjsWeights([{ paths: ['x', 'x'], weights: [] }], () => new Uint8Array(0)),
    /shard 'x' twice/,
  ],
  [
    'path',
    () => readTfjsWeights([{ paths: ['../x'], weights: [] }], () => new Uint8Array(0)),
    /"\.\.\/x" is not a name/,
  ],
])('refuses: %s', (_, run, message) => {
  expect(run).toThrow(FoveaError);
  expect(run).toThrow(message);
});
