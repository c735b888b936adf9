import { FoveaError } from '../../errors.js';
import {
  arrayBytes,
  decodeArray,
  numberReader,
  PART_BYTES,
  readAs,
  wholeTensor,
  type FileTensor,
  type StoredTensor,
} from './array.js';
import { checkHdf5 } from './hdf5_check.js';
import { Hdf5Session } from './hdf5_session.js';
import { numberKind, readTexts, TEXT } from './hdf5_types.js';
import { inMemory, type ByteSource } from './source.js';
import { openH5wasm } from '#h5wasm';

/** The value of an attribute: one, or a list. */
export type Hdf5Value = string | number | readonly string[] | readonly number[];

/**
 * Reads an HDF5 file. `read` gets its root group and takes out what it needs; groups are of no use
 * after it has returned.
 *
 * What a file claims is checked: arrays are at most as large as its bytes can hold, and the library
 * gets no more than 64 MiB + 8 times the file. Beyond what is here, damage can go unnoticed: HDF5
 * has no checksums of its own.
 *
 * @param file its bytes, or where they are read when they are wanted
 * @returns what `read` returns
 * @throws FoveaError `FILE` when the file is damaged, or uses what is not supported
 */
export async function readHdf5<T>(
  file: ByteSource | Uint8Array,
  read: (root: Hdf5Group) => T,
): Promise<T> {
  const source = file instanceof Uint8Array ? inMemory(file) : file;
  checkHdf5(source);
  const session = new Hdf5Session(await openH5wasm(), source);
  try {
    session.open();
    return read(new Hdf5Group(session, ''));
  } finally {
    session.close();
  }
}

/** A group of an open HDF5 file. Paths are relative to it; their parts are separated by `/`. */
export class Hdf5Group {
  constructor(
    private readonly session: Hdf5Session,
    /** The absolute path, without a `/` at the end: '' is the root. */
    readonly path: string,
  ) {}

  /** What its members are called: in the order of their making where the file keeps it, else sorted. */
  names(): readonly string[] {
    return this.session.call(this.path, (library, file) =>
      library.get_names(file, this.path || '/', false),
    );
  }

  /** What is at a path; undefined when nothing is, or a link that leads nowhere or out of the file. */
  kind(path: string): 'group' | 'array' | undefined {
    const full = this.resolve(path);
    return this.session.call(full, (library, file) => {
      const type = library.get_type(file, full || '/');
      if (type === library.H5G_GROUP) return 'group';
      return type === library.H5G_DATASET ? 'array' : undefined;
    });
  }

  /**
   * The group at a path.
   *
   * @throws FoveaError `FILE` when there is none
   */
  group(path: string): Hdf5Group {
    const full = this.resolve(path);
    if (this.kind(path) !== 'group') throw new FoveaError('FILE', `There is no group '${full}'.`);
    return new Hdf5Group(this.session, full);
  }

  /**
   * The array at a path: floats (also those that Keras marks as bfloat16) as float32, integers as
   * int32, uint8 as it is.
   *
   * @throws FoveaError `FILE` when there is none, or it holds no numbers, an integer outside of
   *   int32, or more than the file can hold, or is compressed with something else than gzip
   */
  array(path: string): StoredTensor {
    return wholeTensor(this.arrayInParts(path));
  }

  /** The same array, of which only a part is in memory at a time; but all of it where it is packed. */
  arrayInParts(path: string): FileTensor {
    const full = this.resolve(path);
    if (this.kind(path) !== 'array') throw new FoveaError('FILE', `There is no array '${full}'.`);
    const metadata = this.session.call(full, (library, file) =>
      library.get_dataset_metadata(file, full),
    );
    const { shape } = metadata;
    const stored = numberKind(`Array '${full}'`, metadata);
    if (!shape || metadata.virtual_sources) {
      throw new FoveaError('FILE', `Array '${full}' has no data in this file.`);
    }
    const isBfloat =
      stored === 'uint16' && readAttribute(this.session, full, 'dtype') === 'bfloat16';
    const kind = isBfloat ? 'bfloat16' : stored;
    const { session } = this;
    const bytes = arrayBytes(`Array '${full}'`, shape, kind, session.arrayLimit(full));
    session.spend(bytes);
    const rows = metadata.chunks === null ? (shape[0] ?? 1) : 1;
    const rowBytes = bytes / rows;
    const step = Math.max(1, Math.floor(PART_BYTES / rowBytes));
    return {
      dtype: readAs(kind),
      shape,
      parts: (use) => {
        for (let row = 0; row < rows; row += step) {
          const count = Math.min(step, rows - row);
          const slab = count === rows ? undefined : { shape, row, count };
          session.readArray(full, count * rowBytes, slab, (raw) =>
            use(decodeArray(`Array '${full}'`, raw, shape, kind).data),
          );
        }
      },
    };
  }

  /**
   * An attribute of the group, undefined when there is none. A list that Keras split into `name0`,
   * `name1`, ... because of its length is put together. An empty list is empty whatever its type.
   *
   * @throws FoveaError `FILE` when it holds neither texts nor numbers
   */
  attribute(name: string): Hdf5Value | undefined {
    const value = readAttribute(this.session, this.path, name);
    if (value !== undefined) return value;
    const parts: string[] = [];
    for (let i = 0; ; i++) {
      const part = readAttribute(this.session, this.path, `${name}${i}`);
      if (part === undefined) return i === 0 ? undefined : parts;
      if (!Array.isArray(part)) return undefined;
      parts.push(...(part as readonly string[]).map(String));
    }
  }

  private resolve(path: string): string {
    const parts = `${this.path}/${path}`.split('/').filter((part) => part !== '');
    return parts.map((part) => `/${part}`).join('');
  }
}

function readAttribute(session: Hdf5Session, path: string, name: string): Hdf5Value | undefined {
  const names = session.attributeNames(path);
  if (!names.includes(name)) return undefined;
  const what = `Attribute '${name}' of '${path || '/'}'`;
  const metadata = session.call(path, (library, file) =>
    library.get_attribute_metadata(file, path || '/', name),
  );
  if (!metadata.shape) return undefined;
  const values = metadata.type === TEXT ? texts() : numbers();
  return metadata.shape.length === 0 ? values[0] : values;

  function texts(): readonly string[] {
    const bytes = metadata.size * metadata.total_size;
    session.checkSize(what, bytes);
    return session.readAttribute(path, name, bytes, metadata, (memory, at) =>
      readTexts(what, memory, at, metadata),
    );
  }

  function numbers(): readonly number[] {
    const kind = numberKind(what, metadata);
    const bytes = arrayBytes(what, metadata.shape!, kind, session.fileBytes);
    return session.readAttribute(path, name, bytes, metadata, (memory, at) => {
      const read = numberReader(memory.subarray(at, at + bytes), kind);
      return Array.from({ length: metadata.total_size }, (_, i) => read(i));
    });
  }
}
