import { FoveaError } from '../../errors.js';
import { halfToFloat } from '../../half.js';
import type { Parts } from '../../tensor.js';
import { shownList } from './shown.js';

/** A tensor in memory: `data` holds the elements in C order. */
export type StoredTensor =
  | { readonly dtype: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'int32'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'uint8'; readonly shape: readonly number[]; readonly data: Uint8Array };

/**
 * A tensor in a file. Its numbers come part by part, in C order, so that a large one needs little
 * memory.
 */
export interface FileTensor {
  readonly dtype: StoredTensor['dtype'];
  readonly shape: readonly number[];
  readonly parts: Parts<StoredTensor['data']>;
}

/** Bytes of a part, about. */
export const PART_BYTES = 2 ** 22;

/** A tensor in memory as one with a single part. */
export function onePart({ dtype, shape, data }: StoredTensor): FileTensor {
  return { dtype, shape, parts: (use) => use(data) };
}

/** Puts the parts of a tensor together. */
export function wholeTensor({ dtype, shape, parts }: FileTensor): StoredTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = new { float32: Float32Array, int32: Int32Array, uint8: Uint8Array }[dtype](count);
  let at = 0;
  parts((part) => {
    data.set(part, at);
    at += part.length;
  });
  return { dtype, shape, data } as StoredTensor;
}

/** Bytes of one number of every kind that files hold. */
export const numberBytes = {
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  float16: 2,
  bfloat16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  int64: 8,
  uint64: 8,
  float64: 8,
} as const;

/** How numbers are encoded in a file. */
export type NumberKind = keyof typeof numberBytes;

/**
 * The bytes that an array of `shape` takes.
 *
 * @param what names the array in the error
 * @param available bytes that it may take at most
 * @throws FoveaError `FILE` when a size is not a whole number, or there are not that many bytes
 */
export function arrayBytes(
  what: string,
  shape: readonly unknown[],
  kind: NumberKind,
  available: number,
): number {
  const whole = shape.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
  const sizes = whole ? (shape as readonly number[]) : [NaN];
  const bytes = sizes.reduce((product, size) => product * size, numberBytes[kind]);
  if (!Number.isSafeInteger(bytes) || bytes > available) {
    throw new FoveaError(
      'FILE',
      `${what} has shape ${shownList(shape)} of ${kind}, ` +
        `which is more than the ${available} bytes there are.`,
    );
  }
  return bytes;
}

/** What numbers of a kind become when they are read. */
export function readAs(kind: NumberKind): StoredTensor['dtype'] {
  if (kind === 'uint8' || kind === 'bool') return 'uint8';
  return kind.includes('float') ? 'float32' : 'int32';
}

/**
 * An array from its bytes: floats become float32, integers int32, except uint8 and bool, which
 * become uint8. Where bytes and alignment allow it, the data are a view, not a copy.
 *
 * @param what names the array in errors
 * @param raw exactly the bytes of the array
 * @throws FoveaError `FILE` when an integer does not fit an int32
 */
export function decodeArray(
  what: string,
  raw: Uint8Array,
  shape: readonly number[],
  kind: NumberKind,
  littleEndian = true,
): StoredTensor {
  if (kind === 'uint8' || kind === 'bool') return { dtype: 'uint8', shape, data: raw };
  if (kind === 'float32' && littleEndian) {
    const { buffer, byteOffset, byteLength } = aligned(raw);
    return { dtype: 'float32', shape, data: new Float32Array(buffer, byteOffset, byteLength / 4) };
  }
  if (kind === 'int32' && littleEndian) {
    const { buffer, byteOffset, byteLength } = aligned(raw);
    return { dtype: 'int32', shape, data: new Int32Array(buffer, byteOffset, byteLength / 4) };
  }
  const read = numberReader(raw, kind, littleEndian);
  const count = raw.length / numberBytes[kind];
  if (kind.includes('float')) {
    const data = new Float32Array(count);
    for (let i = 0; i < count; i++) data[i] = read(i);
    return { dtype: 'float32', shape, data };
  }
  const data = new Int32Array(count);
  for (let i = 0; i < count; i++) data[i] = checkInt32(what, read(i));
  return { dtype: 'int32', shape, data };
}

function checkInt32(what: string, value: number): number {
  if (value === (value | 0)) return value;
  throw new FoveaError('FILE', `${what} holds the integer ${value}, which does not fit an int32.`);
}

/** The same bytes at a multiple of 4: a view where possible, else a copy. */
function aligned(raw: Uint8Array): Uint8Array {
  return raw.byteOffset % 4 === 0 ? raw : raw.slice();
}

/** Reads the i-th number; integers beyond 2^53 come rounded. */
export function numberReader(
  raw: Uint8Array,
  kind: NumberKind,
  littleEndian = true,
): (i: number) => number {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  switch (kind) {
    case 'bool':
    case 'uint8':
      return (i) => view.getUint8(i);
    case 'int8':
      return (i) => view.getInt8(i);
    case 'int16':
      return (i) => view.getInt16(i * 2, littleEndian);
    case 'uint16':
      return (i) => view.getUint16(i * 2, littleEndian);
    case 'float16':
      return (i) => halfToFloat(view.getUint16(i * 2, littleEndian));
    case 'bfloat16':
      return (i) => bfloatToFloat(view.getUint16(i * 2, littleEndian));
    case 'int32':
      return (i) => view.getInt32(i * 4, littleEndian);
    case 'uint32':
      return (i) => view.getUint32(i * 4, littleEndian);
    case 'float32':
      return (i) => view.getFloat32(i * 4, littleEndian);
    case 'int64':
      return (i) => Number(view.getBigInt64(i * 8, littleEndian));
    case 'uint64':
      return (i) => Number(view.getBigUint64(i * 8, littleEndian));
    case 'float64':
      return (i) => view.getFloat64(i * 8, littleEndian);
  }
}

const word = new Uint32Array(1);
const wordAsFloat = new Float32Array(word.buffer);

/** A bfloat16 is the upper half of a float32. */
function bfloatToFloat(bits: number): number {
  word[0] = bits << 16;
  return wordAsFloat[0]!;
}

/** The bytes of an array as a file holds them: every JavaScript engine in use is little-endian. */
export function bytesOf({ data }: { readonly data: ArrayBufferView }): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Throws unless a shape and its data agree.
 *
 * @throws FoveaError `ARGUMENT`
 */
export function checkArray(
  what: string,
  {
    shape,
    data,
  }: { readonly shape: readonly number[]; readonly data: { readonly length: number } },
): void {
  const whole = shape.every((size) => Number.isInteger(size) && size >= 0);
  const count = shape.reduce((product, size) => product * size, 1);
  if (!whole || count !== data.length) {
    throw new FoveaError(
      'ARGUMENT',
      `${what} has shape [${shape.join(', ')}] but ${data.length} elements.`,
    );
  }
}
