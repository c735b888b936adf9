import { FoveaError } from '../../errors.js';
import { readPickle, type PickleMeaning } from './pickle.js';

/** An array of bytes, whose content comes after it was made. */
class Bytes {
  data: Uint8Array = new Uint8Array();
}

const RECONSTRUCT = /^numpy\.(core|_core)\.multiarray\._reconstruct$/;

const meaning: PickleMeaning = {
  global: (name) => {
    if (RECONSTRUCT.test(name) || name === 'numpy.ndarray' || name === 'numpy.dtype') return name;
    throw new FoveaError('FILE', `Not a usable pickle: '${name}' is no array of numbers.`);
  },
  reduce: (callee, args) => {
    if (callee === 'numpy.dtype') return String(args[0]);
    if (typeof callee === 'string' && RECONSTRUCT.test(callee)) return new Bytes();
    throw new FoveaError('FILE', 'Not a usable pickle: it calls what is no array.');
  },
  build: (object, state) => {
    if (!(object instanceof Bytes) || !Array.isArray(state)) return;
    // Version, shape, dtype, whether it is in Fortran's order, bytes.
    const [, shape, dtype, isFortran, data] = state as readonly unknown[];
    const size = Array.isArray(shape) ? (shape as number[]).reduce((a, b) => a * b, 1) : -1;
    if (
      dtype !== 'u1' ||
      isFortran === true ||
      !(data instanceof Uint8Array) ||
      data.length !== size
    ) {
      throw new FoveaError('FILE', 'Not a usable pickle: an array in it is not made of bytes.');
    }
    object.data = data;
  },
  persistent: () => {
    throw new FoveaError('FILE', 'Not a usable pickle: it refers to something outside.');
  },
};

/**
 * Reads a dictionary of plain data with NumPy arrays of bytes (Uint8Array, flat) from a pickle of protocol 2, such as a batch of
 * CIFAR. Runs no code.
 *
 * @throws FoveaError `FILE` for anything else
 */
export function readNumpyPickle(bytes: Uint8Array): ReadonlyMap<unknown, unknown> {
  const { value } = readPickle(bytes, 0, meaning);
  if (!(value instanceof Map)) {
    throw new FoveaError('FILE', 'Not a usable pickle: it holds no dictionary.');
  }
  return new Map(
    [...value].map(([key, each]) => [key, each instanceof Bytes ? each.data : (each as unknown)]),
  );
}
