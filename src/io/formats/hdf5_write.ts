import { FoveaError } from '../../errors.js';
import { bytesOf, checkArray, type StoredTensor } from './array.js';
import type { H5wasm } from './h5wasm.js';
import { openH5wasm } from '#h5wasm';

/** An array to be written; int64 for the counters that Keras keeps. */
export type Hdf5Array =
  | StoredTensor
  | { readonly dtype: 'int64'; readonly shape: readonly number[]; readonly data: BigInt64Array };

/** A group to be written. */
export interface Hdf5Tree {
  readonly attributes?: Readonly<Record<string, string | readonly string[]>>;
  /** By name; a name with `/` goes into groups, which are made where they are missing. */
  readonly arrays?: ReadonlyMap<string, Hdf5Array>;
  /** By name. */
  readonly groups?: ReadonlyMap<string, Hdf5Tree>;
}

const FILE = '/written.h5';
/** An attribute can take 64,512 bytes, and a text 16 of them: its letters lie elsewhere. */
const TEXTS_PER_ATTRIBUTE = 64_512 / 16;

const types = {
  float32: { type: 1, size: 4, signed: false },
  float64: { type: 1, size: 8, signed: false },
  int32: { type: 0, size: 4, signed: true },
  int64: { type: 0, size: 8, signed: true },
  uint8: { type: 0, size: 1, signed: false },
  text: { type: 3, size: 4, signed: false, vlen: true, cset: 1 },
} as const;

/**
 * The bytes of an HDF5 file in the way that h5py writes it: texts in UTF-8 of variable length,
 * arrays uncompressed, an empty list as no float64 numbers. A list too long for one attribute is
 * split into `name0`, `name1`, ... as Keras does it.
 *
 * @throws FoveaError `ARGUMENT` when a shape and its data disagree, or the library refuses a name
 */
export async function writeHdf5(root: Hdf5Tree): Promise<Uint8Array> {
  const library = await openH5wasm();
  const file = library.open(FILE, library.H5F_ACC_TRUNC);
  try {
    writeGroup(library, file, '', root, new Set(['']));
  } finally {
    library.close_file(file);
  }
  const bytes = library.FS.readFile(FILE);
  library.FS.unlink(FILE);
  return bytes;
}

/** Writes what a group holds; `made` has the paths of the groups that are there. */
function writeGroup(
  library: H5wasm,
  file: bigint,
  path: string,
  { attributes = {}, arrays = new Map(), groups = new Map() }: Hdf5Tree,
  made: Set<string>,
): void {
  for (const [name, value] of Object.entries(attributes)) {
    writeAttribute(library, file, path || '/', name, value);
  }
  for (const [name, array] of arrays) {
    const parts = name.split('/');
    for (let i = 1; i < parts.length; i++) {
      makeGroup(library, file, `${path}/${parts.slice(0, i).join('/')}`, made);
    }
    writeArray(library, file, `${path}/${name}`, array);
  }
  for (const [name, tree] of groups) {
    makeGroup(library, file, `${path}/${name}`, made);
    writeGroup(library, file, `${path}/${name}`, tree, made);
  }
}

function makeGroup(library: H5wasm, file: bigint, path: string, made: Set<string>): void {
  if (made.has(path)) return;
  checkFree(library, file, path);
  const status = library.create_group(file, path);
  if (status < 0) throw refused(path);
  made.add(path);
}

function writeArray(library: H5wasm, file: bigint, path: string, array: Hdf5Array): void {
  checkArray(`Array '${path}'`, array);
  checkFree(library, file, path);
  const metadata = { ...describe(array.shape), ...types[array.dtype] };
  withBytes(library, bytesOf(array), (at) => library.create_dataset(file, path, at, metadata));
  // The status that comes back is that of the last step only.
  if (library.get_type(file, path) !== library.H5G_DATASET) throw refused(path);
}

/** Paths like `a//b` and `a/./b` would come back as others. */
function checkFree(library: H5wasm, file: bigint, path: string): void {
  const odd = path.split('/').some((part, i) => i > 0 && (part === '' || part === '.'));
  if (odd || path.includes('\0') || library.get_type(file, path) >= 0) throw refused(path);
}

function writeAttribute(
  library: H5wasm,
  file: bigint,
  owner: string,
  name: string,
  value: string | readonly string[],
): void {
  const list = typeof value === 'string' ? [value] : value;
  if (list.length > TEXTS_PER_ATTRIBUTE) {
    for (let i = 0; i * TEXTS_PER_ATTRIBUTE < list.length; i++) {
      const part = list.slice(i * TEXTS_PER_ATTRIBUTE, (i + 1) * TEXTS_PER_ATTRIBUTE);
      writeAttribute(library, file, owner, `${name}${i}`, part);
    }
    return;
  }
  if (list.length === 0) {
    const metadata = { ...describe([0]), ...types.float64 };
    withBytes(library, new Uint8Array(0), (at) =>
      library.create_attribute(file, owner, name, at, metadata),
    );
  } else {
    const shape = typeof value === 'string' ? [] : [value.length];
    const metadata = { ...describe(shape), ...types.text };
    library.create_vlen_str_attribute(file, owner, name, list, metadata);
  }
  if (!library.get_attribute_names(file, owner).includes(name)) throw refused(`${owner}: ${name}`);
}

function describe(shape: readonly number[]) {
  const sizes = shape.map(BigInt);
  const count = shape.reduce((product, size) => product * size, 1);
  const common = { vlen: false, littleEndian: true, chunks: null, total_size: count };
  return { ...common, shape: sizes, maxshape: sizes };
}

/** Runs `use` with the bytes in the memory of the library. */
function withBytes(library: H5wasm, bytes: Uint8Array, use: (at: bigint) => unknown): void {
  const at = library._malloc(Math.max(bytes.length, 1));
  if (at === 0) {
    throw new FoveaError('ARGUMENT', `An HDF5 array of ${bytes.length} bytes is too large.`);
  }
  try {
    library.HEAPU8.set(bytes, at);
    use(BigInt(at));
  } finally {
    library._free(at);
  }
}

function refused(path: string): FoveaError {
  return new FoveaError('ARGUMENT', `HDF5 cannot write '${path}'.`, {
    hint: 'Each name must be used once in its group, and not be empty.',
  });
}
