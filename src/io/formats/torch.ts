import { FoveaError } from '../../errors.js';
import { stridesOf } from '../../shape.js';
import {
  arrayBytes,
  decodeArray,
  numberBytes,
  type NumberKind,
  type StoredTensor,
} from './array.js';
import { readPickle, type PickleMeaning } from './pickle.js';
import { shown } from './shown.js';
import { readZip } from './zip.js';

/** Numbers that tensors are views of; they are in another part of the file. */
class Storage {
  constructor(
    readonly key: string,
    readonly kind: NumberKind,
    readonly count: number,
  ) {}
}

/** A tensor whose numbers are not read yet. */
class View {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** The classes of PyTorch that tell what is in a storage. */
const kinds: ReadonlyMap<string, NumberKind> = new Map([
  ['torch.FloatStorage', 'float32'],
  ['torch.HalfStorage', 'float16'],
  ['torch.BFloat16Storage', 'bfloat16'],
  ['torch.DoubleStorage', 'float64'],
  ['torch.LongStorage', 'int64'],
  ['torch.IntStorage', 'int32'],
  ['torch.ShortStorage', 'int16'],
  ['torch.CharStorage', 'int8'],
  ['torch.ByteStorage', 'uint8'],
  ['torch.BoolStorage', 'bool'],
]);

const DICTIONARY = 'collections.OrderedDict';
const TENSOR = 'torch._utils._rebuild_tensor_v2';
/** What the container used before PyTorch 1.6 begins with. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

/**
 * Reads a state dict that PyTorch's `torch.save` wrote: tensors by name, in the order of the file.
 * Floats come as float32, integers as int32. Both containers are read, the zip of PyTorch 1.6 and
 * the older one. No code is run: names of classes and functions other than those of tensors are an
 * error.
 *
 * @throws FoveaError `FILE` when the file breaks the format, or holds anything but tensors
 */
export function readTorch(bytes: Uint8Array): Map<string, StoredTensor> {
  const { value, bytesOf } = bytes[0] === 0x50 ? openZip(bytes) : openLegacy(bytes);
  if (!(value instanceof Map)) throw notStateDict(`it holds ${shown(value)}`);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, view] of value as ReadonlyMap<unknown, unknown>) {
    if (typeof name !== 'string') throw notStateDict(`it has an entry named ${shown(name)}`);
    if (!(view instanceof View)) throw notStateDict(`'${name}' is ${shown(view)}, not a tensor`);
    tensors.set(name, read(`Tensor '${name}'`, view, bytesOf(view.storage)));
  }
  return tensors;
}

/** An unpickled object, and where the numbers of its storages are. */
interface Opened {
  readonly value: unknown;
  readonly bytesOf: (storage: Storage) => Uint8Array;
}

function openZip(bytes: Uint8Array): Opened {
  const members = readZip(bytes);
  const main = [...members.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (main === undefined) throw invalid('it has no data.pkl');
  const folder = main.slice(0, -'data.pkl'.length);
  const order = members.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order) !== 'little') throw invalid('it is big-endian');
  const { value } = readPickle(members.get(main)!, 0, meaning);
  return {
    value,
    bytesOf: (storage) => {
      const found = members.get(`${folder}data/${storage.key}`);
      return whole(storage, found ?? new Uint8Array(0));
    },
  };
}

/** Four pickles (magic number, protocol, machine, object), keys of the storages, storages. */
function openLegacy(bytes: Uint8Array): Opened {
  let at = 0;
  const next = (): unknown => {
    const { value, end } = readPickle(bytes, at, meaning);
    at = end;
    return value;
  };
  // Anything may stand at the beginning of another file.
  if (bytes[0] !== 0x80 || next() !== LEGACY_MAGIC) throw invalid('it is not of torch.save');
  const protocol = next();
  if (protocol !== LEGACY_PROTOCOL) throw invalid(`it has protocol ${shown(protocol)}`);
  const machine = next();
  if (!(machine instanceof Map) || machine.get('little_endian') !== true) {
    throw invalid('it is not little-endian');
  }
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) throw invalid('it has no list of storages');
  const starts = new Map<unknown, number>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sizes = new Map([...storagesIn(value)].map(({ key, kind }) => [key, numberBytes[kind]]));
  for (const key of keys as readonly unknown[]) {
    if (at + 8 > bytes.length) throw invalid(`storage ${shown(key)} is missing`);
    const count = Number(view.getBigInt64(at, true));
    const size = sizes.get(key as string);
    if (size === undefined) throw invalid(`storage ${shown(key)} belongs to no tensor`);
    starts.set(key, at + 8);
    at += 8 + count * size;
    if (count < 0 || at > bytes.length) throw invalid(`storage ${shown(key)} is truncated`);
  }
  const bytesOf = (storage: Storage): Uint8Array => {
    const start = starts.get(storage.key) ?? bytes.length;
    return whole(storage, bytes.subarray(start, start + storage.count * numberBytes[storage.kind]));
  };
  return { value, bytesOf };
}

function storagesIn(value: unknown): Set<Storage> {
  const views = value instanceof Map ? [...(value.values() as Iterable<unknown>)] : [];
  return new Set(views.filter((each) => each instanceof View).map(({ storage }) => storage));
}

/** The bytes of a storage, if they are all there. */
function whole({ key, kind, count }: Storage, bytes: Uint8Array): Uint8Array {
  const needed = arrayBytes(`Storage '${key}'`, [count], kind, bytes.length);
  return bytes.subarray(0, needed);
}

const meaning: PickleMeaning = {
  global: (name) => {
    if (name === DICTIONARY || name === TENSOR || kinds.has(name)) return { name };
    throw invalid(`it names ${name}, which does not belong into a state dict`);
  },
  reduce: (callee, args) => {
    const name = nameOf(callee);
    if (name === DICTIONARY && args.length === 0) return new Map();
    if (name === TENSOR) return tensorOf(args);
    throw invalid(`it calls ${name ?? shown(callee)} with ${args.length} arguments`);
  },
  persistent: (id) => {
    const [what, type, key, , count, view] = Array.isArray(id) ? (id as readonly unknown[]) : [];
    const kind = kinds.get(nameOf(type) ?? '');
    const hasView = view !== undefined && view !== null;
    if (what !== 'storage' || !kind || typeof key !== 'string' || !isCount(count) || hasView) {
      throw invalid('a reference in it is not one to a storage');
    }
    return new Storage(key, kind, count);
  },
};

function nameOf(global: unknown): string | undefined {
  const isNamed = typeof global === 'object' && global !== null && 'name' in global;
  return isNamed && typeof global.name === 'string' ? global.name : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function tensorOf([storage, offset, shape, strides]: readonly unknown[]): View {
  const isSizes = (value: unknown): value is number[] =>
    Array.isArray(value) && value.every(isCount);
  if (storage instanceof Storage && isCount(offset) && isSizes(shape) && isSizes(strides)) {
    if (shape.length === strides.length) return new View(storage, offset, shape, strides);
  }
  throw invalid('a tensor in it has no storage, offset, shape and strides');
}

function read(what: string, view: View, raw: Uint8Array): StoredTensor {
  const { storage, offset, shape, strides } = view;
  const { kind, count } = storage;
  const bytes = arrayBytes(what, shape, kind, raw.length);
  const last = shape.reduce((sum, size, i) => sum + (size - 1) * strides[i]!, offset);
  if (bytes > 0 && last >= count) {
    throw new FoveaError('FILE', `${what} reaches beyond the ${count} numbers of its storage.`);
  }
  const size = numberBytes[kind];
  // Strides of dimensions of size 1 do not matter.
  const isContiguous = stridesOf(shape).every((step, i) => shape[i] === 1 || step === strides[i]);
  if (isContiguous || bytes === 0) {
    return decodeArray(what, raw.subarray(offset * size, offset * size + bytes), shape, kind);
  }
  return decodeArray(what, gather(raw, view, size, bytes), shape, kind);
}

/** The bytes of a tensor, whose elements have gaps or another order in the storage. */
function gather(
  raw: Uint8Array,
  { offset, shape, strides }: View,
  size: number,
  bytes: number,
): Uint8Array {
  const out = new Uint8Array(bytes);
  const index = shape.map(() => 0);
  for (let at = 0; at < bytes; at += size) {
    const from = index.reduce((sum, i, axis) => sum + i * strides[axis]!, offset) * size;
    out.set(raw.subarray(from, from + size), at);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) {
      index[axis] = 0;
    }
  }
  return out;
}

function notStateDict(reason: string): FoveaError {
  return new FoveaError('FILE', `Not a state dict of PyTorch: ${reason}.`, {
    hint: 'Save the tensors alone: torch.save(model.state_dict(), path).',
  });
}

function invalid(reason: string): FoveaError {
  return new FoveaError('FILE', `Not a usable file of PyTorch: ${reason}.`, {
    hint: 'Files of torch.save(model.state_dict(), path) can be read.',
  });
}
