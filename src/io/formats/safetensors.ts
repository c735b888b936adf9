import { FoveaError } from '../../errors.js';
import { floatToHalf } from '../../half.js';
import { bytesOf, checkArray, decodeArray, type NumberKind, type StoredTensor } from './array.js';
import { parseHeader, type Entry } from './safetensors_header.js';

export type { StoredTensor } from './array.js';

/** What a safetensors file holds. */
export interface Safetensors {
  /** By name, in the order of the file's header. */
  readonly tensors: Map<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A tensor as it is written. */
interface Encoded {
  readonly name: string;
  readonly dtype: 'F32' | 'F16' | 'I32' | 'U8';
  readonly elementBytes: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/**
 * Reads a safetensors file. F32, I32 and U8 come as they are, F16 and BF16 are widened to float32.
 * Aligned tensors are views of `bytes`, not copies.
 *
 * Format: https://github.com/huggingface/safetensors
 *
 * @throws FoveaError `FILE` when the file is truncated, breaks the format in any way, or holds a
 *   tensor of another type
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const { entries, metadata, dataStart } = parseHeader(bytes);
  const tensors = new Map<string, StoredTensor>();
  for (const entry of entries) {
    const start = dataStart + entry.begin;
    tensors.set(entry.name, decode(entry, bytes.subarray(start, dataStart + entry.end)));
  }
  return { tensors, metadata };
}

/**
 * The bytes of a safetensors file. The header is padded to 8 bytes and larger types come first, so
 * that every tensor is aligned; equal content gives equal bytes, whatever the order of the map.
 *
 * @param floats how float32 tensors are written; float16 takes half of the room, and rounds
 * @throws FoveaError `ARGUMENT` when a shape and its data disagree or a name is reserved
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
  floats: 'F32' | 'F16' = 'F32',
): Uint8Array {
  const sorted = [...tensors]
    .map(([name, tensor]) => encode(name, tensor, floats))
    .sort(byAlignmentThenName);
  const header: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) {
    header['__metadata__'] = Object.fromEntries(keys.map((key) => [key, metadata[key]]));
  }
  let end = 0;
  for (const { name, dtype, shape, bytes } of sorted) {
    const begin = end;
    end += bytes.length;
    header[name] = { dtype, shape, data_offsets: [begin, end] };
  }
  return assemble(JSON.stringify(header), sorted, end);
}

function encode(name: string, tensor: StoredTensor, floats: 'F32' | 'F16'): Encoded {
  checkTensor(name, tensor);
  const { dtype, shape, data } = tensor;
  if (dtype === 'uint8') return { name, dtype: 'U8', elementBytes: 1, shape, bytes: data };
  if (dtype === 'float32' && floats === 'F16') {
    return { name, dtype: 'F16', elementBytes: 2, shape, bytes: halves(data) };
  }
  const type = dtype === 'int32' ? 'I32' : 'F32';
  return { name, dtype: type, elementBytes: 4, shape, bytes: bytesOf(tensor) };
}

function halves(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint16(2 * i, floatToHalf(value), true));
  return bytes;
}

function assemble(json: string, tensors: readonly Encoded[], dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(8 + headerBytes + dataBytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.fill(0x20, 8, 8 + headerBytes);
  out.set(text, 8);
  let at = 8 + headerBytes;
  for (const { bytes } of tensors) {
    out.set(bytes, at);
    at += bytes.length;
  }
  return out;
}

function byAlignmentThenName(a: Encoded, b: Encoded): number {
  return b.elementBytes - a.elementBytes || (a.name < b.name ? -1 : 1);
}

function checkTensor(name: string, tensor: StoredTensor): void {
  if (name === '__metadata__') {
    throw new FoveaError(
      'ARGUMENT',
      `A tensor cannot be named '__metadata__': the format uses it.`,
    );
  }
  checkArray(`Tensor '${name}'`, tensor);
}

const kinds: ReadonlyMap<string, NumberKind> = new Map([
  ['U8', 'uint8'],
  ['F32', 'float32'],
  ['I32', 'int32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
]);

/** A tensor from its bytes. */
export function decode({ name, dtype, shape }: Entry, raw: Uint8Array): StoredTensor {
  const kind = kinds.get(dtype);
  if (!kind) {
    throw new FoveaError('FILE', `Tensor '${name}' has type ${dtype}, which is not supported.`, {
      hint: 'F32, F16, BF16, I32 and U8 are; convert the tensor to one of them.',
    });
  }
  return decodeArray(`Tensor '${name}'`, raw, shape, kind);
}
