import { FoveaError } from '../../errors.js';
import {
  arrayBytes,
  bytesOf,
  checkArray,
  decodeArray,
  type NumberKind,
  type StoredTensor,
} from './array.js';
import { readZip, writeZip } from './zip.js';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const MAX_HEADER_BYTES = 65_535;

/** NumPy's names of kinds, without the byte order. */
const kinds: ReadonlyMap<string, NumberKind> = new Map([
  ['f2', 'float16'],
  ['f4', 'float32'],
  ['f8', 'float64'],
  ['i1', 'int8'],
  ['i2', 'int16'],
  ['i4', 'int32'],
  ['i8', 'int64'],
  ['u1', 'uint8'],
  ['u2', 'uint16'],
  ['u4', 'uint32'],
  ['u8', 'uint64'],
  ['b1', 'bool'],
]);

const descriptions = { float32: '<f4', int32: '<i4', uint8: '|u1' } as const;

/**
 * Reads a NumPy array file (`.npy`), versions 1 to 3, either byte order. Floats become float32,
 * integers int32, `u1` and booleans uint8; a Fortran-ordered array is put into C order.
 *
 * Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 *
 * @throws FoveaError `FILE` when the file breaks the format, holds another type (structured,
 *   object, text, complex), or an integer outside of int32
 */
export function readNpy(bytes: Uint8Array): StoredTensor {
  const { text, dataStart } = headerText(bytes);
  const { description, fortranOrder, shape } = parseHeader(text);
  const kind = kinds.get(description.slice(1));
  if (!kind || !'<>|='.includes(description[0]!)) {
    throw invalid(`its type '${description}' is not supported`);
  }
  const size = arrayBytes('The .npy array', shape, kind, bytes.length - dataStart);
  if (size !== bytes.length - dataStart) {
    throw invalid(`its array takes ${size} bytes but ${bytes.length - dataStart} are there`);
  }
  const stored = fortranOrder ? [...shape].reverse() : shape;
  const raw = bytes.subarray(dataStart);
  const array = decodeArray('The .npy array', raw, stored, kind, !description.startsWith('>'));
  return fortranOrder ? transposed(array) : array;
}

/**
 * The bytes of a `.npy` file, version 1.
 *
 * @throws FoveaError `ARGUMENT` when shape and data disagree
 */
export function writeNpy(array: StoredTensor): Uint8Array {
  checkArray('The array', array);
  const { dtype, shape } = array;
  const sizes = shape.length === 1 ? `${shape[0]!},` : shape.join(', ');
  const dict = `{'descr': '${descriptions[dtype]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const start = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const header = `${dict.padEnd(start - 11)}\n`;
  const data = bytesOf(array);
  const out = new Uint8Array(start + data.length);
  out.set([...MAGIC, 1, 0, header.length & 0xff, header.length >> 8]);
  out.set(new TextEncoder().encode(header), 10);
  out.set(data, start);
  return out;
}

/**
 * Reads an archive of arrays (`.npz`), stored or compressed, by name.
 *
 * @throws FoveaError `FILE`, naming the member that is no readable array
 */
export function readNpz(bytes: Uint8Array): Map<string, StoredTensor> {
  const arrays = new Map<string, StoredTensor>();
  for (const [member, content] of readZip(bytes)) {
    const name = member.replace(/\.npy$/, '');
    if (arrays.has(name)) throw new FoveaError('FILE', `The .npz holds '${name}' twice.`);
    try {
      arrays.set(name, readNpy(content));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new FoveaError('FILE', `Member '${member}' of the .npz: ${reason}`, { cause });
    }
  }
  return arrays;
}

/**
 * The bytes of an uncompressed `.npz` file.
 *
 * @throws FoveaError `ARGUMENT` when a shape and its data disagree, or a name is not usable
 */
export function writeNpz(arrays: ReadonlyMap<string, StoredTensor>): Uint8Array {
  return writeZip(new Map([...arrays].map(([name, array]) => [`${name}.npy`, writeNpy(array)])));
}

function headerText(bytes: Uint8Array): { text: string; dataStart: number } {
  const version = bytes[6] ?? 0;
  const begin = version === 1 ? 10 : 12;
  if (bytes.length < begin || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw invalid('it does not begin as one');
  }
  if (version < 1 || version > 3) throw invalid(`its version is ${version}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER_BYTES || begin + length > bytes.length) {
    throw invalid(`it declares a header of ${length} bytes in a file of ${bytes.length} bytes`);
  }
  const encoding = version === 3 ? 'utf-8' : 'latin1';
  const text = new TextDecoder(encoding).decode(bytes.subarray(begin, begin + length));
  return { text, dataStart: begin + length };
}

interface NpyHeader {
  readonly description: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/** One `'key': value,` of a Python dict; values are a quoted word, a truth value or a tuple of sizes. */
const entry =
  /\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"]*)\3|(True|False)|\(([\dL,\s]*)\))\s*(,|(?=\}))/y;

function parseHeader(text: string): NpyHeader {
  if (/'descr'\s*:\s*[[(]/.test(text)) throw invalid('it is a structured array');
  const found = new Map<string, RegExpExecArray>();
  entry.lastIndex = text.indexOf('{') + 1;
  let end = entry.lastIndex;
  for (let match = entry.exec(text); match; match = entry.exec(text)) {
    found.set(match[2]!, match);
    end = entry.lastIndex;
  }
  const description = found.get('descr')?.[4];
  const order = found.get('fortran_order')?.[5];
  const sizes = found.get('shape')?.[6];
  const complete = description !== undefined && order !== undefined && sizes !== undefined;
  if (!complete || found.size !== 3 || !/^\s*\{/.test(text) || text.slice(end).trim() !== '}') {
    throw invalid(`its header is ${JSON.stringify(text.trim().slice(0, 100))}`);
  }
  return { description, fortranOrder: order === 'True', shape: parseSizes(sizes) };
}

function parseSizes(text: string): readonly number[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  if (!parts.every((part) => /^\d+L?$/.test(part))) throw invalid(`its shape is (${text})`);
  return parts.map((part) => Number(part.replace('L', '')));
}

/** From an array stored with the first axis fastest, that is of the reversed shape, to C order. */
function transposed(array: StoredTensor): StoredTensor {
  const shape = [...array.shape].reverse();
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1));
  const source = array.data;
  const data = source.slice();
  const index = shape.map(() => 0);
  for (let to = 0, from = 0; to < data.length; to++) {
    data[to] = source[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return { ...array, shape, data } as StoredTensor;
}

function invalid(reason: string): FoveaError {
  return new FoveaError('FILE', `Not a usable .npy file: ${reason}.`);
}
