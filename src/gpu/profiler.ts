import { debug, debugLevel } from './debug.js';
import type { Dispatch } from './commands.js';

/** Time of one dispatch on the GPU. */
export interface DispatchTime {
  /** Operation and shapes. */
  readonly label: string;
  readonly kernel: string;
  /** Nanoseconds between the begin and the end of its compute pass. */
  readonly nanoseconds: number;
  /** Bytes of everything bound. */
  readonly bytes: number;
}

const MAX_PER_CHUNK = 64;

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
  private current: { label: string; kernel: string; bytes: number }[] = [];

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

  /** What the compute pass of a dispatch has to say about timestamps. */
  passDescriptor({ kernel, label, bindings }: Dispatch): GPUComputePassDescriptor {
    if (!this.active) return {};
    const bytes = Object.values(bindings).reduce((sum, binding) => sum + binding.bytes, 0);
    const index = 2 * this.current.push({ label: label(), kernel: kernel.name, bytes }) - 2;
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

  private async collect(staging: GPUBuffer, chunk: typeof this.current): Promise<void> {
    try {
      await staging.mapAsync(GPUMapMode.READ);
    } catch {
      // The device is lost or the chunk was rejected: the read that follows reports it.
      return;
    }
    const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
    staging.destroy();
    chunk.forEach(({ label, kernel, bytes }, i) => {
      const nanoseconds = Number(stamps[2 * i + 1]! - stamps[2 * i]!);
      this.times.push({ label, kernel, nanoseconds, bytes });
      debug(2, () => {
        const ms = (nanoseconds / 1e6).toFixed(3).padStart(9);
        const rate = (bytes / nanoseconds).toFixed(2).padStart(7);
        return `${ms} ms ${rate} GB/s  ${kernel.padEnd(24)} ${label}`;
      });
    });
  }
}
