import type { Shape } from '../../shape.js';
import { bytesOf, PART_BYTES, type FileTensor } from './array.js';
import { decode } from './safetensors.js';
import { headerLength, parseHeader } from './safetensors_header.js';
import { readBytes, type ByteSource } from './source.js';

/**
 * The tensors of a safetensors file by name. They are read when they are wanted, of each a part at
 * a time.
 *
 * @throws FoveaError `FILE` when it breaks the format
 */
export function safetensorsIn(source: ByteSource): ReadonlyMap<string, FileTensor> {
  const length = headerLength(readBytes(source, 0, 8), source.length);
  const { entries, dataStart } = parseHeader(readBytes(source, 0, 8 + length), source.length);
  return new Map(
    entries.map((entry) => {
      const { name, shape, begin, end } = entry;
      const dtype = decode(entry, new Uint8Array(0)).dtype;
      const parts: FileTensor['parts'] = (use) => {
        const buffer = new Uint8Array(Math.min(PART_BYTES, end - begin));
        for (let at = begin; at < end; at += PART_BYTES) {
          const bytes = buffer.subarray(0, end - at);
          source.fill(bytes, dataStart + at);
          use(decode(entry, bytes).data);
        }
      };
      return [name, { dtype, shape, parts }];
    }),
  );
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
