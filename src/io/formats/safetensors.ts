import { FoveaError } from '../../errors.js';
import { bytesOf, checkArray, decodeArray, type NumberKind, type StoredTensor } from './array.js';
import { parseHeader, type Entry } from './safetensors_header.js';

export type { StoredTensor } from './array.js';

/** What a safetensors file holds. */
export interface Safetensors {
  /** By name, in the order of the file's header. */
  readonly tensors: Map<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const fileTypes = { float32: 'F32', int32: 'I32', uint8: 'U8' } as const;

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
 * The bytes of a safetensors file. The header is padded to 8 bytes and 4-byte types come first, so
 * that every tensor is aligned; equal content gives equal bytes, whatever the order of the map.
 *
 * @throws FoveaError `ARGUMENT` when a shape and its data disagree or a name is reserved
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = [...tensors].sort(byAlignmentThenName);
  const header: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) {
    header['__metadata__'] = Object.fromEntries(keys.map((key) => [key, metadata[key]]));
  }
  let end = 0;
  for (const [name, tensor] of sorted) {
    checkTensor(name, tensor);
    const begin = end;
    end += tensor.data.byteLength;
    header[name] = {
      dtype: fileTypes[tensor.dtype],
      shape: tensor.shape,
      data_offsets: [begin, end],
    };
  }
  return assemble(JSON.stringify(header), sorted, end);
}

function assemble(
  json: string,
  tensors: readonly (readonly [string, StoredTensor])[],
  dataBytes: number,
): Uint8Array {
  const text = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(8 + headerBytes + dataBytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.fill(0x20, 8, 8 + headerBytes);
  out.set(text, 8);
  let at = 8 + headerBytes;
  for (const [, tensor] of tensors) {
    out.set(bytesOf(tensor), at);
    at += tensor.data.byteLength;
  }
  return out;
}

function byAlignmentThenName(
  [nameA, a]: readonly [string, StoredTensor],
  [nameB, b]: readonly [string, StoredTensor],
): number {
  const size = b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT;
  return size !== 0 ? size : nameA < nameB ? -1 : 1;
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

function decode({ name, dtype, shape }: Entry, raw: Uint8Array): StoredTensor {
  const kind = kinds.get(dtype);
  if (!kind) {
    throw new FoveaError('FILE', `Tensor '${name}' has type ${dtype}, which is not supported.`, {
      hint: 'F32, F16, BF16, I32 and U8 are; convert the tensor to one of them.',
    });
  }
  return decodeArray(`Tensor '${name}'`, raw, shape, kind);
}
