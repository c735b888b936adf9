import { FoveaError } from '../errors.js';
import { passOnFailure, settle, type Recorded } from './failure.js';
import type { Kernel } from './kernel.js';
import type { Block, Storage } from './memory.js';
import type { Profiler } from './profiler.js';

/** A range of a storage, as a kernel sees it. `offset` is a multiple of 256 bytes. */
export interface Binding {
  readonly storage: Storage;
  readonly offset: number;
  readonly bytes: number;
}

/** One run of a kernel. */
export interface Dispatch {
  readonly kernel: Kernel;
  /** One entry per `var<storage>` of the kernel, by its name in the WGSL. */
  readonly bindings: Readonly<Record<string, Binding>>;
  /** One entry per field of the kernel's `struct Params`. */
  readonly params: Readonly<Record<string, number>>;
  /** Number of workgroups; above 65,535 they are folded into a second dimension. */
  readonly workgroups: number;
  /** Names operation and shapes, for errors and for the profiler. */
  readonly label: () => string;
}

/** Counters of host work. */
export interface RecorderCounters {
  dispatches: number;
  submits: number;
  reads: number;
  bytesUp: number;
  bytesDown: number;
}

/** Dispatches per submit: enough to spread its cost, few enough that the GPU starts early. */
const CHUNK = 64;
/** Distance of two parameter blocks: the largest uniform alignment that WebGPU allows. */
const SLOT_BYTES = 256;
const MAX_GROUPS = 65_535;
const MAX_CACHED_BIND_GROUPS = 8192;

/**
 * Collects dispatches in one open compute pass and submits them in chunks. Everything that touches
 * the queue goes through here, so that host writes never overtake recorded work, and so that a
 * failure is known, named, and passed on to all results that depend on it.
 */
export class Recorder {
  readonly counters: RecorderCounters = {
    dispatches: 0,
    submits: 0,
    reads: 0,
    bytesUp: 0,
    bytesDown: 0,
  };
  /** Set when the whole device is unusable; every later read rejects with it. */
  fatal: FoveaError | undefined;

  private encoder: GPUCommandEncoder | undefined;
  private pass: GPUComputePassEncoder | undefined;
  private chunk = 1;
  private log: Recorded[] = [];
  private pending: Promise<void> = Promise.resolve();
  /** Whether the GPU accepted the chunk submitted last. */
  private accepted: Promise<boolean> = Promise.resolve(true);
  private readonly arena: GPUBuffer;
  private readonly slots = new ArrayBuffer(CHUNK * SLOT_BYTES);
  private readonly words = {
    u32: new Uint32Array(this.slots),
    i32: new Int32Array(this.slots),
    f32: new Float32Array(this.slots),
  };
  private readonly bindGroups = new Map<string, { group: GPUBindGroup; blocks: Block[] }>();

  /**
   * @param gpu the device
   * @param onSubmit called after each submit, when surplus buffers may be destroyed
   * @param profiler takes the time of every dispatch while it is active
   */
  constructor(
    private readonly gpu: GPUDevice,
    private readonly onSubmit: () => void,
    private readonly profiler: Profiler,
  ) {
    this.arena = gpu.createBuffer({
      label: 'parameters',
      size: CHUNK * SLOT_BYTES,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }

  /** Records one dispatch; nothing runs before the chunk is full, or something is read. */
  dispatch(dispatch: Dispatch): void {
    const { kernel, label } = dispatch;
    const open = this.open();
    const slot = this.log.length;
    const group = this.bindGroup(dispatch);
    if (kernel.paramsBinding !== undefined) this.writeParams(dispatch, slot);
    this.pass ??= open.beginComputePass(this.profiler.passDescriptor(dispatch));
    this.pass.setPipeline(kernel.pipeline);
    this.pass.setBindGroup(0, group, kernel.paramsBinding === undefined ? [] : [slot * SLOT_BYTES]);
    this.pass.dispatchWorkgroups(...fold(dispatch.workgroups, label));
    if (this.profiler.active) this.endPass();

    const bound = kernel.storage.map(({ name, writable }) => ({
      writable,
      storage: dispatch.bindings[name]!.storage,
    }));
    for (const { storage } of bound) storage.block.lastChunk = this.chunk;
    this.counters.dispatches++;
    this.remember({
      kernel,
      label,
      reads: bound.filter((b) => !b.writable).map((b) => b.storage),
      writes: bound.filter((b) => b.writable).map((b) => b.storage),
    });
  }

  private remember(recorded: Recorded): void {
    passOnFailure(recorded);
    this.log.push(recorded);
    if (this.log.length === CHUNK) this.flush();
  }

  /** Writes host bytes into a storage, after all work recorded so far that uses its buffer. */
  upload(storage: Storage, data: ArrayBufferView): void {
    if (storage.block.lastChunk === this.chunk) this.flush();
    const { buffer } = storage.block;
    const whole = data.byteLength & ~3;
    if (whole > 0) this.gpu.queue.writeBuffer(buffer, 0, data.buffer, data.byteOffset, whole);
    if (whole < data.byteLength) {
      const tail = new Uint8Array(4);
      tail.set(new Uint8Array(data.buffer, data.byteOffset + whole, data.byteLength - whole));
      this.gpu.queue.writeBuffer(buffer, whole, tail);
    }
    storage.failure = this.fatal;
    this.counters.bytesUp += data.byteLength;
  }

  /** Copies `bytes` (a multiple of 4) between two storages on the GPU. */
  copy(from: Storage, fromOffset: number, to: Storage, toOffset: number, bytes: number): void {
    const encoder = this.open();
    this.endPass();
    encoder.copyBufferToBuffer(from.block.buffer, fromOffset, to.block.buffer, toOffset, bytes);
    from.block.lastChunk = to.block.lastChunk = this.chunk;
    this.remember({ kernel: undefined, label: () => 'copy', reads: [from], writes: [to] });
  }

  /**
   * Reads bytes back. Rejects with a typed error when the work that should have written them
   * failed, or when the device was lost.
   */
  async read(storage: Storage, bytes: number): Promise<ArrayBuffer> {
    const size = Math.ceil(bytes / 4) * 4;
    const staging = this.gpu.createBuffer({
      label: 'read',
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    storage.retain();
    try {
      const encoder = this.open();
      this.endPass();
      encoder.copyBufferToBuffer(storage.block.buffer, 0, staging, 0, size);
      storage.block.lastChunk = this.chunk;
      const alone = this.log.length === 0;
      this.flush();
      const accepted = this.accepted;
      const mapped = staging.mapAsync(GPUMapMode.READ).then(
        () => undefined,
        (error: unknown) => error,
      );
      await this.settled();
      const error = await mapped;
      const failure = this.fatal ?? storage.failure;
      if (failure) throw failure;
      // The copy was rejected together with work of others: once more, by itself.
      if (!alone && !(await accepted)) return await this.read(storage, bytes);
      if (error !== undefined || !(await accepted)) {
        throw new FoveaError('VALIDATION', `reading a tensor failed: ${String(error)}`);
      }
      this.counters.reads++;
      this.counters.bytesDown += bytes;
      return staging.getMappedRange().slice(0, bytes);
    } finally {
      staging.destroy();
      storage.release();
    }
  }

  /** Submits what is recorded. */
  flush(): void {
    if (!this.encoder) return;
    this.endPass();
    this.gpu.queue.writeBuffer(this.arena, 0, this.slots, 0, this.log.length * SLOT_BYTES);
    const resolve = this.profiler.resolve(this.encoder);
    this.gpu.queue.submit([this.encoder.finish()]);
    this.accepted = settle(this.gpu.popErrorScope(), this.pending, this.log);
    this.expect(this.accepted);
    resolve?.();
    this.encoder = undefined;
    this.log = [];
    this.chunk++;
    this.counters.submits++;
    this.onSubmit();
  }

  /** Makes reads wait for `check`, in order. */
  expect(check: Promise<unknown>): void {
    this.pending = Promise.all([this.pending, check]).then(() => undefined);
  }

  /** Resolves when the fate of everything submitted so far is known. */
  async settled(): Promise<void> {
    let seen: Promise<void> | undefined;
    while (seen !== this.pending) {
      seen = this.pending;
      await seen;
    }
  }

  /** Resolves when the GPU has finished everything recorded so far. Rejects when it failed. */
  async finish(): Promise<void> {
    this.flush();
    await this.gpu.queue.onSubmittedWorkDone();
    await this.settled();
    if (this.fatal) throw this.fatal;
  }

  /** Drops cached bind groups of a buffer that is about to be destroyed. */
  forget(block: Block): void {
    for (const [key, entry] of this.bindGroups) {
      if (entry.blocks.includes(block)) this.bindGroups.delete(key);
    }
  }

  private open(): GPUCommandEncoder {
    if (!this.encoder) {
      this.gpu.pushErrorScope('validation');
      this.encoder = this.gpu.createCommandEncoder({ label: `chunk ${this.chunk}` });
    }
    return this.encoder;
  }

  private endPass(): void {
    this.pass?.end();
    this.pass = undefined;
  }

  private bindGroup({ kernel, bindings }: Dispatch): GPUBindGroup {
    let key = String(kernel.id);
    for (const { name } of kernel.storage) {
      const binding = bindings[name];
      if (!binding) throw new Error(`kernel ${kernel.name}: nothing is bound to "${name}"`);
      key += `|${binding.storage.block.id},${binding.offset},${binding.bytes}`;
    }
    const cached = this.bindGroups.get(key);
    if (cached) return cached.group;
    if (this.bindGroups.size >= MAX_CACHED_BIND_GROUPS) this.bindGroups.clear();
    const entries: GPUBindGroupEntry[] = kernel.storage.map(({ name, binding }) => {
      const { storage, offset, bytes } = bindings[name]!;
      return { binding, resource: { buffer: storage.block.buffer, offset, size: bytes } };
    });
    if (kernel.paramsBinding !== undefined) {
      const size = Math.ceil((kernel.params.length * 4) / 16) * 16;
      entries.push({ binding: kernel.paramsBinding, resource: { buffer: this.arena, size } });
    }
    const group = this.gpu.createBindGroup({ label: kernel.name, layout: kernel.layout, entries });
    const blocks = kernel.storage.map(({ name }) => bindings[name]!.storage.block);
    this.bindGroups.set(key, { group, blocks });
    return group;
  }

  private writeParams({ kernel, params }: Dispatch, slot: number): void {
    kernel.params.forEach(({ name, type }, i) => {
      const value = params[name];
      if (value === undefined) throw new Error(`kernel ${kernel.name}: no parameter "${name}"`);
      this.words[type][(slot * SLOT_BYTES) / 4 + i] = value;
    });
  }
}

/** Spreads a number of workgroups over two dimensions where one does not hold them. */
function fold(workgroups: number, label: () => string): [number, number] {
  const y = Math.ceil(workgroups / MAX_GROUPS);
  if (y > MAX_GROUPS || workgroups < 1) {
    throw new FoveaError('LIMIT', `${label()}: ${workgroups} workgroups cannot be dispatched`);
  }
  return [Math.ceil(workgroups / y), y];
}
