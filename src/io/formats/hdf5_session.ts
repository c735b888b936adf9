import { FoveaError } from '../../errors.js';
import { reserveRest, type H5wasm } from './h5wasm.js';
import type { Metadata } from './hdf5_types.js';
import type { ByteSource } from './source.js';
import { discardH5wasm } from '#h5wasm';

const FILE = '/file.h5';
/** DEFLATE cannot expand by more. */
const MAX_EXPANSION = 1032;
// Numbers of the filters in HDF5 (H5Z_filter_t) that are read.
const DEFLATE = 1;
const SHUFFLE = 2;
const CHECKSUM = 3;

/** Rows of an array: of its first axis. */
export interface Slab {
  readonly shape: readonly number[];
  readonly row: number;
  readonly count: number;
}

/** What is used of the file system of the library, which is Emscripten's MEMFS. */
interface FileSystem {
  createFile(parent: string, name: string, properties: object, read: boolean, write: boolean): Node;
}
interface Node {
  usedBytes: number;
  stream_ops: object;
}

/** Puts a file where the library finds it. Its bytes stay where they are until they are read. */
function placeFile(system: FileSystem, source: ByteSource): void {
  const node = system.createFile('/', FILE.slice(1), {}, true, false);
  node.usedBytes = source.length;
  node.stream_ops = {
    ...node.stream_ops,
    read(_stream: object, memory: Int8Array, to: number, length: number, at: number): number {
      const count = Math.max(0, Math.min(length, source.length - at));
      source.fill(new Uint8Array(memory.buffer, memory.byteOffset + to, count), at);
      return count;
    },
  };
}

/** One file that is open in the library; and what may still be read from it. */
export class Hdf5Session {
  /** Bytes of the file. */
  readonly fileBytes: number;
  private file = -1n;
  private state: 'closed' | 'open' | 'broken' = 'closed';
  /** Whether nothing was thrown through the library, which leaves its stack as it was then. */
  private intact = true;
  private readonly reserve: number;
  /** Bytes of arrays that may still be read: many names can lead to one large array. */
  private budget: number;

  constructor(
    private readonly library: H5wasm,
    private readonly source: ByteSource,
  ) {
    this.fileBytes = source.length;
    this.budget = 2 ** 26 + 8 * source.length;
    this.reserve = reserveRest(library, this.budget);
  }

  open(): void {
    this.state = 'open';
    this.call('', (library) => {
      placeFile(library.FS as unknown as FileSystem, this.source);
      this.file = library.open(FILE, library.H5F_ACC_RDONLY);
    });
    if (this.file < 0n) throw new FoveaError('FILE', 'Not a usable HDF5 file: it does not open.');
  }

  close(): void {
    try {
      if (this.file >= 0n) this.call('', (library, file) => library.close_file(file));
      this.library.FS.unlink(FILE);
      this.library._free(this.reserve);
    } catch {
      this.intact = false;
    }
    this.state = 'closed';
    if (!this.intact) discardH5wasm();
  }

  /**
   * Calls the library. A trap, an abort or a stack overflow leaves it in an unknown state: it is
   * not called again. An error of its own only says that something is not there.
   */
  call<R>(path: string, use: (library: H5wasm, file: bigint) => R): R {
    if (this.state !== 'open') {
      throw new FoveaError('FILE', `The HDF5 file is ${this.state}: '${path || '/'}' is not read.`);
    }
    try {
      return use(this.library, this.file);
    } catch (cause) {
      if (cause instanceof FoveaError) throw cause;
      this.intact = false;
      const isOwn = cause instanceof Error && cause.message.startsWith('error - ');
      if (!isOwn) this.state = 'broken';
      throw damaged(path, cause);
    }
  }

  attributeNames(path: string): readonly string[] {
    return this.call(path, (library, file) => library.get_attribute_names(file, path || '/'));
  }

  /** Throws when `what` is larger than the file. */
  checkSize(what: string, bytes: number): void {
    if (bytes <= this.fileBytes) return;
    throw new FoveaError(
      'FILE',
      `${what} claims ${bytes} bytes of a file of ${this.fileBytes} bytes.`,
    );
  }

  /** The most bytes that the array at a path can have. */
  arrayLimit(path: string): number {
    const filters = this.call(path, (library, file) => library.get_dataset_filters(file, path));
    const ids = filters.map(({ id }) => id);
    const other = filters.find(({ id }) => ![DEFLATE, SHUFFLE, CHECKSUM].includes(id));
    if (other || new Set(ids).size !== ids.length) {
      const names = filters.map(({ id, name }) => `${name || 'filter'} (${id})`).join(', ');
      throw new FoveaError('FILE', `Array '${path}' is packed by ${names}: only gzip is read.`);
    }
    const expansion = ids.includes(DEFLATE) ? MAX_EXPANSION : 1;
    return Math.min(this.fileBytes * expansion, this.budget);
  }

  /** Counts bytes that are going to be read. */
  spend(bytes: number): void {
    this.budget -= bytes;
  }

  /**
   * Reads an array, or some of its rows, into the memory of the library, where `use` finds the bytes:
   * little-endian. Their number was checked.
   */
  readArray<R>(
    path: string,
    bytes: number,
    slab: Slab | undefined,
    use: (raw: Uint8Array) => R,
  ): R {
    const [count, offset, strides] = slab
      ? [
          slab.shape.map((size, axis) => BigInt(axis === 0 ? slab.count : size)),
          slab.shape.map((_, axis) => BigInt(axis === 0 ? slab.row : 0)),
          slab.shape.map(() => 1n),
        ]
      : [null, null, null];
    return this.withMemory(
      path,
      bytes,
      (at, library, file) => library.get_dataset_data(file, path, count, offset, strides, at),
      (memory, at) => use(memory.subarray(at, at + bytes)),
    );
  }

  /** Reads an attribute into the memory of the library, where `use` finds it at byte `at`. */
  readAttribute<R>(
    path: string,
    name: string,
    bytes: number,
    { vlen }: Metadata,
    use: (memory: Uint8Array, at: number) => R,
  ): R {
    return this.withMemory(
      path,
      bytes,
      (at, library, file) => library.get_attribute_data(file, path || '/', name, at),
      (memory, at, library, file) => {
        const value = use(memory, at);
        if (vlen) library.reclaim_vlen_memory(file, path || '/', name, BigInt(at));
        return value;
      },
    );
  }

  private withMemory<R>(
    path: string,
    bytes: number,
    fill: (at: bigint, library: H5wasm, file: bigint) => number,
    use: (memory: Uint8Array, at: number, library: H5wasm, file: bigint) => R,
  ): R {
    return this.call(path, (library, file) => {
      const at = library._malloc(Math.max(bytes, 1));
      if (at === 0)
        throw new FoveaError('FILE', `'${path}' needs too much memory: ${bytes} bytes.`);
      try {
        if (fill(BigInt(at), library, file) < 0) throw damaged(path);
        return use(library.HEAPU8, at, library, file);
      } finally {
        library._free(at);
      }
    });
  }
}

function damaged(path: string, cause?: unknown): FoveaError {
  return new FoveaError('FILE', `Damaged HDF5 file: '${path || '/'}' cannot be read.`, { cause });
}
