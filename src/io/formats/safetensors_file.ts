import { open, type FileHandle } from 'node:fs/promises';
import { fileError } from '../files.js';
import { FoveaError } from '../../errors.js';
import type { Shape } from '../../shape.js';
import { bytesOf } from './array.js';
import { decode, type StoredTensor } from './safetensors.js';
import { headerLength, parseHeader } from './safetensors_header.js';

/** A safetensors file whose tensors are read one by one. */
export interface SafetensorsReader {
  /** Undefined when there is no tensor of that name. */
  readonly read: (name: string) => Promise<StoredTensor | undefined>;
}

/**
 * Opens a safetensors file for `use`. No more than the header and one tensor are in memory.
 *
 * @throws FoveaError `FILE` when it cannot be read, or breaks the format
 */
export async function withSafetensors<T>(
  path: string,
  use: (reader: SafetensorsReader) => Promise<T>,
): Promise<T> {
  const file = await open(path).catch((cause: unknown) => {
    throw fileError('read', path, cause);
  });
  try {
    const { size } = await file.stat();
    const length = headerLength(await readAt(file, 0, Math.min(8, size)), size);
    const { entries, dataStart } = parseHeader(await readAt(file, 0, 8 + length), size);
    const byName = new Map(entries.map((entry) => [entry.name, entry]));
    return await use({
      read: async (name) => {
        const entry = byName.get(name);
        if (!entry) return undefined;
        return decode(entry, await readAt(file, dataStart + entry.begin, entry.end - entry.begin));
      },
    });
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw new FoveaError('FILE', 'The file became shorter while it was read.');
    done += bytesRead;
  }
  return bytes;
}

/** A tensor that is read when it is its turn to be written. */
export interface LazyTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly data: () => Promise<Float32Array>;
}

/** The bytes of a safetensors file of float32 tensors, part by part. */
export async function* safetensorsParts(
  tensors: readonly LazyTensor[],
): AsyncGenerator<Uint8Array, void, undefined> {
  let end = 0;
  const header = tensors.map(({ name, shape }) => {
    const begin = end;
    end += 4 * shape.reduce((a, b) => a * b, 1);
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }] as const;
  });
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const length = Math.ceil(text.length / 8) * 8;
  const start = new Uint8Array(8 + length).fill(0x20, 8);
  new DataView(start.buffer).setBigUint64(0, BigInt(length), true);
  start.set(text, 8);
  yield start;
  for (const { data } of tensors) yield bytesOf({ data: await data() });
}
