import { FoveaError } from '../errors.js';

/** A GPU buffer of one size class, used by one storage after another. */
export interface Block {
  readonly id: number;
  readonly buffer: GPUBuffer;
  readonly bytes: number;
  /** Number of the last chunk of commands that uses it: the host must not write before that. */
  lastChunk: number;
  /** The reserve that it belongs to. */
  reserve: Reserve | undefined;
}

/** Byte counters; equal before and after work that frees what it makes. */
export interface MemoryInfo {
  /** Storages in use. */
  readonly liveStorages: number;
  /** Bytes asked for by the storages in use. */
  readonly liveBytes: number;
  /** Highest `liveBytes` so far, counting what a captured step makes. */
  readonly peakBytes: number;
  /** Bytes of all GPU buffers, in use or kept for reuse. */
  readonly bufferBytes: number;
  /** GPU buffers created so far. */
  readonly buffersCreated: number;
}

/** The bytes of a tensor on the GPU, shared by tensors and saved tensors by counting. */
export class Storage {
  private references = 1;
  /** Why the content is not valid: set when the work that should have written it failed. */
  failure: FoveaError | undefined;
  /** Counts what has been written to it: uploads, and commands that write it. */
  version = 0;

  constructor(
    private readonly memory: Memory,
    private held: Block,
    readonly bytes: number,
  ) {}

  /** The buffer. */
  get block(): Block {
    return this.held;
  }

  /** Whether nobody uses it any more. */
  get isFreed(): boolean {
    return this.references === 0;
  }

  /** Whether it has more than one user. */
  get isShared(): boolean {
    return this.references > 1;
  }

  /** For `Memory.renew`: takes another buffer. */
  moveTo(block: Block): void {
    this.held = block;
  }

  /** Counts one more user. */
  retain(): this {
    this.references++;
    return this;
  }

  /** Counts one user less; the last one gives the buffer back to the pool. */
  release(): void {
    if (--this.references === 0) this.memory.recycle(this);
  }
}

/** Free buffers by size. */
class FreeBlocks {
  private readonly bySize = new Map<number, Block[]>();

  push(block: Block): void {
    const list = this.bySize.get(block.bytes);
    if (list) list.push(block);
    else this.bySize.set(block.bytes, [block]);
  }

  /** The smallest of at least that size, and at most twice that: a few buffers then serve a whole network. */
  pop(bytes: number): Block | undefined {
    const same = this.bySize.get(bytes)?.pop();
    if (same) return same;
    let best = Infinity;
    for (const [size, { length }] of this.bySize) {
      if (length > 0 && size > bytes && size <= 2 * bytes && size < best) best = size;
    }
    return this.bySize.get(best)?.pop();
  }
}

/** Buffers that are set apart: what is made inside of `Memory.setApart` takes turns in them. */
export class Reserve {
  readonly blocks: Block[] = [];
  readonly free = new FreeBlocks();
  /** In use; not counted as live. */
  readonly storages = new Set<Storage>();
  /** Bytes asked for by these. */
  bytes = 0;
}

/** Free buffers beyond this and beyond what is in use are destroyed. */
const KEEP_FREE_BYTES = 256 * 1024 * 1024;

/**
 * A pool of GPU buffers by size class. A freed buffer serves later commands at once, since commands
 * run in the order they were recorded; it is destroyed only after the open chunk is submitted.
 */
export class Memory {
  private readonly free = new FreeBlocks();
  private readonly doomed: Block[] = [];
  private freeBytes = 0;
  private nextId = 1;
  private budget: { left: number; readonly tooMuch: () => FoveaError } | undefined;
  private reserve: Reserve | undefined;
  private live = { storages: 0, bytes: 0, peak: 0, buffers: 0, created: 0 };

  /** Called with every new storage; tests use it to fill outputs with NaN. */
  onAllocate: ((storage: Storage) => void) | undefined;

  /**
   * @param createBuffer makes a buffer of a number of bytes, reporting failure by itself
   * @param maxBufferSize largest buffer of the device, in bytes
   * @param forget told about a buffer before it is destroyed
   */
  constructor(
    private readonly createBuffer: (bytes: number) => GPUBuffer,
    private readonly maxBufferSize: number,
    private readonly forget: (block: Block) => void,
  ) {}

  /** A storage of at least `bytes` bytes with undefined content. Throws above the buffer limit. */
  allocate(bytes: number): Storage {
    if (this.budget && (this.budget.left -= bytes) < 0) throw this.budget.tooMuch();
    if (bytes > this.maxBufferSize) {
      throw new FoveaError(
        'LIMIT',
        `a tensor of ${bytes} bytes is larger than the ${this.maxBufferSize} bytes that one ` +
          'buffer may have on this adapter',
        { hint: 'Use a smaller batch, or an adapter with larger buffers (see "fovea doctor").' },
      );
    }
    const size = Math.min(sizeClass(bytes), this.maxBufferSize);
    const block = this.reserve?.free.pop(size) ?? this.take(size);
    const storage = new Storage(this, block, bytes);
    if (this.reserve) {
      this.reserve.storages.add(storage);
      this.reserve.bytes += bytes;
    } else this.count(storage);
    this.notePeak();
    this.onAllocate?.(storage);
    return storage;
  }

  /** Runs `fn`; what it makes lives in buffers of `reserve`, and counts in the peak only. */
  setApart(reserve: Reserve, fn: () => void): void {
    this.reserve = reserve;
    try {
      fn();
    } finally {
      this.reserve = undefined;
    }
  }

  /** Gives a storage, inside of `setApart`, a buffer that was not used there. Its content is lost. */
  renew(storage: Storage): void {
    this.reserve?.free.push(storage.block);
    storage.moveTo(this.take(storage.block.bytes));
  }

  /** Puts the buffers of a reserve back, except those still in use: they follow when they are free. */
  giveBack(reserve: Reserve): void {
    const inUse = new Set([...reserve.storages].map(({ block }) => block));
    for (const storage of reserve.storages) this.count(storage);
    this.notePeak();
    for (const block of reserve.blocks) {
      block.reserve = undefined;
      if (!inUse.has(block)) this.putBack(block);
    }
  }

  /** Runs `fn`, which may make storages of `bytes` in all; throws `tooMuch` when it wants more. */
  within<T>(bytes: number, tooMuch: () => FoveaError, fn: () => T): T {
    this.budget = { left: bytes, tooMuch };
    try {
      return fn();
    } finally {
      this.budget = undefined;
    }
  }

  /** Takes a buffer back; called by the storage when its last user is gone. */
  recycle(storage: Storage): void {
    const { block } = storage;
    if (block.reserve) {
      block.reserve.storages.delete(storage);
      block.reserve.bytes -= storage.bytes;
      block.reserve.free.push(block);
      return;
    }
    this.live.storages--;
    this.live.bytes -= storage.bytes;
    this.putBack(block);
  }

  /** Destroys surplus buffers; called when no open chunk can use them any more. */
  collect(): void {
    for (const block of this.doomed.splice(0)) {
      this.forget(block);
      this.live.buffers -= block.bytes;
      block.buffer.destroy();
    }
  }

  /** The counters as they are now. */
  info(): MemoryInfo {
    return {
      liveStorages: this.live.storages,
      liveBytes: this.live.bytes,
      peakBytes: this.live.peak,
      bufferBytes: this.live.buffers,
      buffersCreated: this.live.created,
    };
  }

  private count({ bytes }: Storage): void {
    this.live.storages++;
    this.live.bytes += bytes;
  }

  private notePeak(): void {
    const { live, reserve } = this;
    live.peak = Math.max(live.peak, live.bytes + (reserve?.bytes ?? 0));
  }

  private putBack(block: Block): void {
    if (this.freeBytes + block.bytes > Math.max(KEEP_FREE_BYTES, this.live.bytes)) {
      this.doomed.push(block);
      return;
    }
    this.freeBytes += block.bytes;
    this.free.push(block);
  }

  /** A free buffer, or a new one; of the open reserve from now on. */
  private take(size: number): Block {
    let block = this.free.pop(size);
    if (block) this.freeBytes -= block.bytes;
    else block = this.create(size);
    block.reserve = this.reserve;
    this.reserve?.blocks.push(block);
    return block;
  }

  private create(bytes: number): Block {
    this.live.buffers += bytes;
    this.live.created++;
    const buffer = this.createBuffer(bytes);
    return { id: this.nextId++, buffer, bytes, lastChunk: 0, reserve: undefined };
  }
}

/** Rounds up to a size class: steps of a quarter octave, from 1 MiB on of a sixteenth; at least 256 bytes. */
function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const steps = bytes < 2 ** 20 ? 4 : 16;
  const step = Math.max(256, 2 ** Math.floor(Math.log2(bytes)) / steps);
  return Math.ceil(bytes / step) * step;
}
