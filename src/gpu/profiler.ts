import { debug, debugLevel } from './debug.js';
import type { Dispatch } from './commands.js';

/** Time of one dispatch on the GPU. */
export interface DispatchTime {
  /** Operation and shapes. */
  readonly label: string;
  readonly kernel: string;
  /** What it belongs to: names of layers; empty where it is nothing. */
  readonly place: string;
  /** Nanoseconds between the begin and the end of its compute pass. */
  readonly nanoseconds: number;
  /** Bytes of everything bound. */
  readonly bytes: number;
}

const MAX_PER_CHUNK = 64;

/** A dispatch whose time is being taken. */
interface Entry extends Omit<DispatchTime, 'nanoseconds'> {
  /** Takes the nanoseconds; NaN where the dispatch failed. */
  readonly done: (nanoseconds: number) => void;
}

/**
 * Times every dispatch by timestamp queries while it is active; each dispatch then has a compute
 * pass of its own, so profiled runs are a little slower than others.
 */
export class Profiler {
  /** Times taken since `start`, in order of submission. */
  readonly times: DispatchTime[] = [];
  /** Whether times are being taken. */
  active: boolean;

  private readonly queries: GPUQuerySet | undefined;
  private readonly resolved: GPUBuffer | undefined;
  private current: Entry[] = [];
  /** Takes the times of dispatches that are watched. */
  private watch: (() => Entry['done']) | undefined;

  /** @param expect makes reads wait for a promise */
  constructor(
    private readonly gpu: GPUDevice,
    private readonly expect: (check: Promise<void>) => void,
  ) {
    this.active = debugLevel >= 2;
    if (!gpu.features.has('timestamp-query')) return;
    this.queries = gpu.createQuerySet({ type: 'timestamp', count: 2 * MAX_PER_CHUNK });
    this.resolved = gpu.createBuffer({
      label: 'timestamps',
      size: 16 * MAX_PER_CHUNK,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
  }

  /** Whether this device can take times. */
  get available(): boolean {
    return this.queries !== undefined;
  }

  /**
   * Runs `fn`, and takes the times of its dispatches apart from all others. No pass may be open.
   *
   * @returns the sum of their nanoseconds; NaN where one of them failed
   */
  async during(fn: () => void): Promise<number> {
    const times: Promise<number>[] = [];
    const { active, watch } = this;
    this.active = true;
    this.watch = () => {
      const { promise, resolve } = withResolver<number>();
      times.push(promise);
      return resolve;
    };
    try {
      fn();
    } finally {
      this.active = active;
      this.watch = watch;
    }
    return (await Promise.all(times)).reduce((sum, time) => sum + time, 0);
  }

  /** What the compute pass of a dispatch has to say about timestamps. */
  passDescriptor({ kernel, label, bindings }: Dispatch, place: string): GPUComputePassDescriptor {
    if (!this.active) return {};
    const bytes = Object.values(bindings).reduce((sum, binding) => sum + binding.bytes, 0);
    const entry = { label: label(), kernel: kernel.name, place, bytes };
    const done =
      this.watch?.() ?? ((nanoseconds: number) => this.remember({ ...entry, nanoseconds }));
    const index = 2 * this.current.push({ ...entry, done }) - 2;
    if (!this.queries) return {};
    return {
      timestampWrites: {
        querySet: this.queries,
        beginningOfPassWriteIndex: index,
        endOfPassWriteIndex: index + 1,
      },
    };
  }

  /** Ends a chunk: encodes the copy of its timestamps; call the result after the submit. */
  resolve(encoder: GPUCommandEncoder): (() => void) | undefined {
    const chunk = this.current;
    this.current = [];
    if (chunk.length === 0) return undefined;
    if (!this.queries || !this.resolved) {
      for (const { kernel, label } of chunk) debug(2, () => `${kernel}  ${label}`);
      for (const { done } of chunk) done(NaN);
      return undefined;
    }
    const size = 16 * chunk.length;
    const staging = this.gpu.createBuffer({
      label: 'timestamps read',
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    encoder.resolveQuerySet(this.queries, 0, 2 * chunk.length, this.resolved, 0);
    encoder.copyBufferToBuffer(this.resolved, 0, staging, 0, size);
    return () => {
      this.expect(this.collect(staging, chunk));
    };
  }

  private async collect(staging: GPUBuffer, chunk: readonly Entry[]): Promise<void> {
    try {
      await staging.mapAsync(GPUMapMode.READ);
    } catch {
      // The device is lost or the chunk was rejected: the read that follows reports it.
      for (const { done } of chunk) done(NaN);
      return;
    }
    const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
    staging.destroy();
    chunk.forEach(({ done }, i) => done(Number(stamps[2 * i + 1]! - stamps[2 * i]!)));
  }

  private remember(time: DispatchTime): void {
    if (Number.isNaN(time.nanoseconds)) return;
    this.times.push(time);
    debug(2, () => {
      const { label, kernel, nanoseconds, bytes } = time;
      const ms = (nanoseconds / 1e6).toFixed(3).padStart(9);
      const rate = (bytes / nanoseconds).toFixed(2).padStart(7);
      return `${ms} ms ${rate} GB/s  ${kernel.padEnd(24)} ${label}`;
    });
  }
}

function withResolver<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
