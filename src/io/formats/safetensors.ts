import { FoveaError } from '../../errors.js';
import { parseHeader, type Entry } from './safetensors_header.js';

/** A tensor in memory: `data` holds the elements in C order. */
export type StoredTensor =
  | { readonly dtype: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'int32'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'uint8'; readonly shape: readonly number[]; readonly data: Uint8Array };

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
  for (const [, { data }] of tensors) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
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

function checkTensor(name: string, { shape, data }: StoredTensor): void {
  if (name === '__metadata__') {
    throw new FoveaError(
      'ARGUMENT',
      `A tensor cannot be named '__metadata__': the format uses it.`,
    );
  }
  const whole = shape.every((size) => Number.isInteger(size) && size >= 0);
  const count = shape.reduce((product, size) => product * size, 1);
  if (!whole || count !== data.length) {
    throw new FoveaError(
      'ARGUMENT',
      `Tensor '${name}' has shape [${shape.join(', ')}] but ${data.length} elements.`,
    );
  }
}

/** Typed arrays are read and written as they lie in memory: every JavaScript engine in use is little-endian. */
function decode({ name, dtype, shape }: Entry, raw: Uint8Array): StoredTensor {
  switch (dtype) {
    case 'U8':
      return { dtype: 'uint8', shape, data: raw };
    case 'F32': {
      const { buffer, byteOffset, byteLength } = aligned(raw, 4);
      return {
        dtype: 'float32',
        shape,
        data: new Float32Array(buffer, byteOffset, byteLength / 4),
      };
    }
    case 'I32': {
      const { buffer, byteOffset, byteLength } = aligned(raw, 4);
      return { dtype: 'int32', shape, data: new Int32Array(buffer, byteOffset, byteLength / 4) };
    }
    case 'F16':
      return { dtype: 'float32', shape, data: halves(raw, halfToFloat) };
    case 'BF16':
      return { dtype: 'float32', shape, data: halves(raw, bfloatToFloat) };
    default:
      throw new FoveaError('FILE', `Tensor '${name}' has type ${dtype}, which is not supported.`, {
        hint: 'F32, F16, BF16, I32 and U8 are; convert the tensor to one of them.',
      });
  }
}

/** The same bytes at an offset that a typed array accepts: a view where possible, else a copy. */
function aligned(raw: Uint8Array, size: number): Uint8Array {
  return raw.byteOffset % size === 0 ? raw : raw.slice();
}

function halves(raw: Uint8Array, convert: (bits: number) => number): Float32Array {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const out = new Float32Array(raw.byteLength / 2);
  for (let i = 0; i < out.length; i++) out[i] = convert(view.getUint16(i * 2, true));
  return out;
}

function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new Uint32Array(1);
const wordAsFloat = new Float32Array(word.buffer);

/** A bfloat16 is the upper half of a float32. */
function bfloatToFloat(bits: number): number {
  word[0] = bits << 16;
  return wordAsFloat[0]!;
}
