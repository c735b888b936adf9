import { expect, it } from 'vitest';
import { FoveaError } from '../../src/errors.js';
import { readHdf5, type Hdf5Group } from '../../src/io/formats/hdf5.js';
import { readNpy, readNpz, writeNpz } from '../../src/io/formats/npy.js';
import {
  readSafetensors,
  writeSafetensors,
  type StoredTensor,
} from '../../src/io/formats/safetensors.js';
import { readTfjsWeights } from '../../src/io/formats/tfjs.js';
import { readZip, writeZip } from '../../src/io/formats/zip.js';
import { fixture, kerasFile } from './fixtures.js';
import { mutated, randomOf } from './mutate.js';

/** How many damaged files are read; a run of 20,000 takes about ten minutes. */
const count = Number(process.env['FOVEA_FUZZ'] ?? 300);
/** The files have up to 80 KB; HDF5 may read 64 MiB from such, as raw bytes and as numbers. */
const maxBytes = 2 ** 28;

const arrays = new Map<string, StoredTensor>([
  ['w', { dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ['ids', { dtype: 'int32', shape: [2], data: Int32Array.of(-7, 9) }],
]);
const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const shards = ['a.bin', 'b.bin'];
const quantization = { dtype: 'uint8', scale: 0.5, min: -1 };
const manifest = {
  paths: shards,
  weights: [
    { name: 'w', shape: [2, 3], dtype: 'float32' },
    { name: 'q', shape: [8], dtype: 'float32', quantization },
  ],
};

interface Format {
  readonly files: readonly Uint8Array[];
  /** Returns the bytes of what it has read. */
  readonly read: (bytes: Uint8Array) => number | Promise<number>;
}

const formats: Readonly<Record<string, Format>> = {
  safetensors: {
    files: [writeSafetensors(arrays, { format: 'x' })],
    read: (bytes) => sum([...readSafetensors(bytes).tensors.values()].map(({ data }) => data)),
  },
  npy: {
    files: ['version1.npy', 'version2.npy', 'version3.npy'].map(fixture),
    read: (bytes) => readNpy(bytes).data.byteLength,
  },
  npz: {
    files: [fixture('shapes.npz'), fixture('kinds_deflated.npz'), writeNpz(arrays)],
    read: (bytes) => sum([...readNpz(bytes).values()].map(({ data }) => data)),
  },
  zip: {
    files: [fixture('kinds_deflated.npz'), writeZip(new Map([['a', text('b')]]))],
    read: (bytes) => sum([...readZip(bytes).values()]),
  },
  tfjs: { files: [text([manifest, { paths: [], weights: [] }])], read: readManifest },
  hdf5: {
    files: [
      fixture('kinds.h5'),
      fixture('latest.h5'),
      kerasFile('model.weights.h5'),
      kerasFile('model_full_legacy.h5'),
      kerasFile('keras_weights_only_legacy.h5'),
    ],
    read: (bytes) => readHdf5(bytes, readTree),
  },
};

function readManifest(bytes: Uint8Array): number {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new FoveaError('FILE', 'no JSON', { cause });
  }
  const weights = readTfjsWeights(value, () => new Uint8Array(16));
  return sum([...weights.values()].map(({ data }) => data));
}

const attributes = [
  'layer_names',
  'weight_names',
  'model_config',
  'name',
  'texts',
  'fixed',
  'long',
];

/** Everything that can be reached; one damaged part does not keep it from the next. */
function readTree(root: Hdf5Group): number {
  let bytes = 0;
  let left = 200;
  const visit = (group: Hdf5Group, depth: number): void => {
    for (const name of attributes) attempt(() => group.attribute(name));
    for (const name of attempt(() => group.names()) ?? []) {
      if (left-- <= 0) return;
      const kind = attempt(() => group.kind(name));
      if (kind === 'array') bytes += attempt(() => group.array(name))?.data.byteLength ?? 0;
      const child = kind === 'group' && depth < 8 ? attempt(() => group.group(name)) : undefined;
      if (child) visit(child, depth + 1);
    }
  };
  visit(root, 0);
  if (bytes === 0) throw new FoveaError('FILE', 'nothing could be read');
  return bytes;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    checkRefusal(error);
    return undefined;
  }
}

function checkRefusal(error: unknown): void {
  if (!(error instanceof FoveaError) || error.code !== 'FILE') throw error;
}

function sum(data: readonly ArrayBufferView[]): number {
  return data.reduce((bytes, { byteLength }) => bytes + byteLength, 0);
}

it.each(Object.entries(formats))(
  'damaged %s files are read or refused',
  async (name, { files, read }) => {
    const seen = { parsed: 0, refused: 0, slowest: 0, slowestSeed: 0, largest: 0 };
    for (let seed = 0; seed < count / Object.keys(formats).length; seed++) {
      const bytes = mutated(files[seed % files.length]!, randomOf(seed));
      const before = process.memoryUsage().arrayBuffers;
      const start = performance.now();
      try {
        expect(await read(bytes)).toBeLessThan(maxBytes);
        seen.parsed++;
      } catch (error) {
        if (!(error instanceof FoveaError)) console.error(`${name}: seed ${seed}`);
        checkRefusal(error);
        seen.refused++;
      }
      const taken = performance.now() - start;
      if (taken > seen.slowest) Object.assign(seen, { slowest: taken, slowestSeed: seed });
      seen.largest = Math.max(seen.largest, process.memoryUsage().arrayBuffers - before);
      expect(seen.largest).toBeLessThan(maxBytes);
    }
    if (process.env['FOVEA_FUZZ']) console.info(name, seen);
    expect(seen.refused).toBeGreaterThan(0);
    expect(seen.parsed).toBeGreaterThan(0);
  },
  60_000 + count * 200,
);

it.each(Object.entries(formats))('whole %s files are read', async (_, { files, read }) => {
  for (const bytes of files) expect(await read(bytes)).toBeGreaterThan(0);
});
