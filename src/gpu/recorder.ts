import { FoveaError } from '../errors.js';
import { BindGroups } from './bind_groups.js';
import {
  createUniform,
  fold,
  now,
  operandsOf,
  SLOT_BYTES,
  Slots,
  type Dispatch,
  type Live,
} from './commands.js';
import { passOnFailure, settle, type Recorded } from './failure.js';
import type { Block, Storage } from './memory.js';
import type { Plan } from './plan.js';
import type { Profiler } from './profiler.js';
import { Staging } from './staging.js';

/** Counters of host work. */
export interface RecorderCounters {
  /** Runs of kernels, those of plans included. */
  dispatches: number;
  /** Runs of plans. */
  replays: number;
  bindGroups: number;
  submits: number;
  reads: number;
  bytesUp: number;
  bytesDown: number;
}

/** Dispatches per submit: enough to spread its cost, few enough that the GPU starts early. */
const CHUNK = 64;

/**
 * Bytes that are written at once. The driver keeps copies until they are submitted: so are those of large
 * tensors, piece by piece.
 */
const WRITE_BYTES = 2 ** 22;

/**
 * Collects dispatches in one open compute pass and submits them in chunks. Everything that touches
 * the queue goes through here, so that host writes never overtake recorded work, and so that a
 * failure is known, named, and passed on to all results that depend on it.
 */
export class Recorder {
  readonly counters: RecorderCounters = {
    dispatches: 0,
    replays: 0,
    bindGroups: 0,
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
  /** What the commands of now belong to, for errors and times: names of layers. Empty: nothing. */
  place = '';
  private log: Recorded[] = [];
  private pending: Promise<void> = Promise.resolve();
  /** Whether the GPU accepted the chunk submitted last. */
  private accepted: Promise<boolean> = Promise.resolve(true);
  private readonly slots = new Slots(CHUNK);
  private readonly arena: GPUBuffer;
  private readonly bindGroups: BindGroups;
  private readonly staging: Staging;
  /** Takes the commands instead of the open pass. */
  private plan: Plan | undefined;

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
    this.arena = createUniform(gpu, this.slots);
    this.bindGroups = new BindGroups(gpu, this.arena, this.counters);
    this.staging = new Staging(gpu);
  }

  /** Records one dispatch; nothing runs before the chunk is full, or something is read. */
  dispatch(dispatch: Dispatch): void {
    if (this.plan) {
      this.plan.dispatch(dispatch);
      return;
    }
    const { kernel } = dispatch;
    const { place } = this;
    const label = place === '' ? dispatch.label : () => `${place}: ${dispatch.label()}`;
    const operands = operandsOf(dispatch);
    const open = this.open();
    const slot = this.log.length;
    const group = this.bindGroups.get(dispatch);
    if (kernel.paramsBinding !== undefined) this.slots.write(dispatch, slot);
    this.pass ??= open.beginComputePass(this.profiler.passDescriptor(dispatch, place));
    this.pass.setPipeline(kernel.pipeline);
    this.pass.setBindGroup(0, group, kernel.paramsBinding === undefined ? [] : [slot * SLOT_BYTES]);
    this.pass.dispatchWorkgroups(...fold(dispatch));
    if (this.profiler.active) this.endPass();
    this.counters.dispatches++;
    this.remember({ kernel, label, ...operands });
  }

  private remember(recorded: Recorded): void {
    for (const { block } of recorded.reads) block.lastChunk = this.chunk;
    for (const storage of recorded.writes) {
      storage.block.lastChunk = this.chunk;
      storage.version++;
    }
    passOnFailure(recorded);
    this.log.push(recorded);
    if (this.log.length === CHUNK) this.flush();
  }

  /**
   * Writes host bytes into a storage, after all work recorded so far that uses its buffer.
   *
   * @param again the bytes for each run of a plan that the upload becomes part of
   * @param at where in the storage: a multiple of 4
   */
  upload(storage: Storage, data: ArrayBufferView, again?: () => ArrayBufferView, at = 0): void {
    if (this.plan) this.plan.upload(storage, again);
    else if (storage.block.lastChunk === this.chunk) this.flush();
    this.write(storage, data, at);
  }

  private write(storage: Storage, data: ArrayBufferView, at = 0): void {
    const { buffer } = storage.block;
    const { queue } = this.gpu;
    const whole = data.byteLength & ~3;
    for (let done = 0; done < whole; done += WRITE_BYTES) {
      const bytes = Math.min(WRITE_BYTES, whole - done);
      queue.writeBuffer(buffer, at + done, data.buffer, data.byteOffset + done, bytes);
      if (bytes === WRITE_BYTES) queue.submit([]);
    }
    if (whole < data.byteLength) {
      const tail = new Uint8Array(4);
      tail.set(new Uint8Array(data.buffer, data.byteOffset + whole, data.byteLength - whole));
      queue.writeBuffer(buffer, at + whole, tail);
    }
    storage.failure = this.fatal;
    storage.version++;
    this.counters.bytesUp += data.byteLength;
  }

  /** Copies `bytes` (a multiple of 4) between two storages on the GPU. */
  copy(
    from: Live<Storage>,
    fromOffset: number,
    to: Live<Storage>,
    toOffset: number,
    bytes: number,
  ): void {
    if (this.plan) {
      this.plan.copy(from, fromOffset, to, toOffset, bytes);
      return;
    }
    const [source, target] = [now(from), now(to)];
    const encoder = this.open();
    this.endPass();
    const [a, b] = [source.block.buffer, target.block.buffer];
    encoder.copyBufferToBuffer(a, fromOffset, b, toOffset, bytes);
    this.remember({ kernel: undefined, label: () => 'copy', reads: [source], writes: [target] });
  }

  /** Runs `fn`, whose commands become part of `plan` and are not run. For `Device.capture`. */
  note(plan: Plan, fn: () => void): void {
    // What is uploaded from here on must not overtake what was recorded before.
    this.flush();
    this.plan = plan;
    try {
      fn();
    } finally {
      this.plan = undefined;
    }
  }

  /**
   * What `make` makes of weights alone, and nobody writes to afterwards. A plan that has room for it, and does not
   * change the weights itself, makes it again only after they have changed.
   */
  keep<T extends { readonly storage: Storage }>(make: () => T): T {
    return this.plan ? this.plan.keep(make) : make();
  }

  /** Whether commands are noted for a plan, and not run. */
  get isNoting(): boolean {
    return this.plan !== undefined;
  }

  /** Runs `fn`; resolves to the nanoseconds that its dispatches took, NaN where one failed. */
  time(fn: () => void): Promise<number> {
    this.endPass();
    return this.profiler.during(fn);
  }

  /** Runs all commands of a plan. */
  replay(plan: Plan): void {
    // Its uploads and numbers must not overtake the run before.
    if (plan.lastChunk === this.chunk) this.flush();
    for (const { storage, again } of plan.uploads) this.write(storage, again());
    const encoder = this.open();
    this.endPass();
    plan.prepare();
    this.counters.dispatches += plan.encode(encoder);
    plan.lastChunk = this.chunk;
    this.counters.replays++;
    this.remember(plan.recorded());
  }

  /** Ends a plan: what runs it is submitted, its buffers are given back. */
  release(plan: Plan): void {
    if (plan.lastChunk === this.chunk) this.flush();
    plan.dispose();
  }

  /**
   * Reads bytes back. Rejects with a typed error when the work that should have written them
   * failed, or when the device was lost.
   */
  async read(storage: Storage, bytes: number): Promise<ArrayBuffer> {
    if (this.plan) throw unreadable();
    const size = Math.ceil(bytes / 4) * 4;
    const staging = this.staging.take(size);
    let isMapped = false;
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
      isMapped = error === undefined;
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
      if (isMapped) this.staging.give(staging);
      else staging.destroy();
      storage.release();
    }
  }

  /** Submits what is recorded. */
  flush(): void {
    if (!this.encoder) return;
    this.endPass();
    this.gpu.queue.writeBuffer(this.arena, 0, this.slots.bytes, 0, this.log.length * SLOT_BYTES);
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
    this.bindGroups.forget(block);
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
}

function unreadable(): FoveaError {
  return new FoveaError('ARGUMENT', 'a tensor is read inside of a step that is captured', {
    hint: 'It has no values yet. Layers that read results need compile({ runEagerly: true }).',
  });
}
