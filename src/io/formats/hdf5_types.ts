import { FoveaError } from '../../errors.js';
import { numberBytes, type NumberKind } from './array.js';
import type { H5wasm } from './h5wasm.js';

/** What the library says about an array or an attribute. */
export type Metadata = ReturnType<H5wasm['get_attribute_metadata']>;

// The classes of types in HDF5 (H5T_class_t) that are read.
const INTEGER = 0;
const FLOAT = 1;
export const TEXT = 3;
/** h5py writes truth values as an enumeration of FALSE and TRUE. */
const ENUMERATION = 8;

/**
 * The kind of a number type.
 *
 * @throws FoveaError `FILE` when it is none that is supported
 */
export function numberKind(what: string, { type, size, signed }: Metadata): NumberKind {
  const isInteger = type === INTEGER || type === ENUMERATION;
  const name = isInteger ? (signed ? 'int' : 'uint') : type === FLOAT ? 'float' : 'class-';
  const kind = isInteger || type === FLOAT ? `${name}${size * 8}` : `${name}${type}`;
  if (!(kind in numberBytes)) {
    throw new FoveaError('FILE', `${what} has the type ${kind}, which is not supported.`);
  }
  return kind as NumberKind;
}

/** The texts of an attribute that the library has put at byte `at` of its memory. */
export function readTexts(
  what: string,
  memory: Uint8Array,
  at: number,
  { size, total_size: count, vlen, strpad }: Metadata,
): readonly string[] {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  return Array.from({ length: count }, (_, i) => {
    const begin = vlen ? view.getUint32(at + i * size, true) : at + i * size;
    if (begin === 0) return '';
    const room = memory.subarray(begin, vlen ? undefined : begin + size);
    const zero = room.indexOf(0);
    if (vlen && zero < 0) throw new FoveaError('FILE', `${what} has a text without an end.`);
    const text = new TextDecoder().decode(zero < 0 ? room : room.subarray(0, zero));
    return strpad === SPACE_PADDED && !vlen ? text.trimEnd() : text;
  });
}

/** H5T_STR_SPACEPAD */
const SPACE_PADDED = 2;
