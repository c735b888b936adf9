import { FoveaError } from '../errors.js';
import { atExit, cacheEntry } from '#host';
import { shaderSources } from '../shaders/embedded.js';
import { debug, debugLevel } from './debug.js';
import { outcome } from './failure.js';
import { KernelCache } from './kernel.js';
import { Memory, type Block } from './memory.js';
import { Plan } from './plan.js';
import { Profiler } from './profiler.js';
import { Recorder } from './recorder.js';
import { MATRIX_FEATURE } from './request.js';
import { digest, Tuner, type TuneMode } from './tuner.js';

/** How kernels are chosen: software adapters want other inner loops than GPUs. */
export type AdapterClass = 'software' | 'gpu';

/**
 * What products (convolutions, dense layers, their gradients) compute with. 'mixed': operands rounded to
 * float16, sums in float32.
 */
export type Precision = 'float32' | 'mixed';

/** What was found, for people and for `fovea doctor`. */
export interface AdapterInfo {
  /** Where it came from: 'system Vulkan', 'embedded SwiftShader', 'navigator.gpu'. */
  readonly source: string;
  readonly vendor: string;
  readonly architecture: string;
  /** Name of the device, where the driver tells it. */
  readonly device: string;
  /** Name of the driver and its version. */
  readonly description: string;
  readonly class: AdapterClass;
  /** Lanes of a subgroup when every subgroup has the same size and subgroups can be used; else 0. */
  readonly subgroupSize: number;
  readonly features: readonly string[];
  /** What was looked at before and why it could not be used, one line each. */
  readonly tried: readonly string[];
}

/** A product [M, K] x [K, N] of matrix units, with operands in f16 and sums in f32. */
export interface MatrixSize {
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** One open GPU with all that is kept for it: memory, kernels, the open chunk of commands. */
export class Device {
  /** Of products, where a model does not say. */
  precision: Precision = 'float32';
  /** Whether the adapter has float16: without it, mixed precision is of no use. */
  hasF16: boolean;
  readonly memory: Memory;
  readonly kernels: KernelCache;
  readonly recorder: Recorder;
  readonly profiler: Profiler;
  readonly tuner: Tuner;
  /** Largest range of a buffer that a kernel can see, in bytes. Larger tensors work in windows. */
  bindingLimit: number;
  /**
   * Inner loop of the GEMMs: subgroup broadcasts; tiles in workgroup memory; the same on matrix units,
   * with operands rounded to f16 (emulated where there are none); or the general kernels.
   */
  innerLoop: 'lanes' | 'simt' | 'sgmat' | 'direct';
  /** Matrices that the matrix units multiply; undefined where there are none that can be used. */
  readonly matrixUnits: MatrixSize | undefined;

  constructor(
    readonly gpu: GPUDevice,
    readonly info: AdapterInfo,
    tune: TuneMode = 'off',
  ) {
    this.bindingLimit = gpu.limits.maxStorageBufferBindingSize & ~255;
    this.hasF16 = gpu.features.has('shader-f16');
    const lanes = info.class === 'software' && info.subgroupSize >= 4 && info.subgroupSize <= 16;
    this.innerLoop = lanes ? 'lanes' : 'simt';
    this.matrixUnits = matrixUnits(gpu, info);
    const expect = (check: Promise<void>): void => {
      this.recorder.expect(check);
    };
    this.profiler = new Profiler(gpu, expect);
    this.recorder = new Recorder(gpu, () => this.memory.collect(), this.profiler);
    this.kernels = new KernelCache(gpu, expect);
    this.memory = new Memory(
      (bytes) => this.createBuffer(bytes),
      gpu.limits.maxBufferSize,
      (block: Block) => this.recorder.forget(block),
    );
    this.tuner = this.createTuner(tune);
    this.watch();
    if (debugLevel >= 1) atExit(() => this.printTotals());
  }

  /**
   * Notes what `fn` would run, for `recorder.replay`, and runs nothing of it. `fn` must be synchronous.
   * End the plan with `recorder.release`.
   *
   * @param keepBytes room for what `recorder.keep` makes
   */
  capture(fn: () => void, keepBytes = 0): Plan {
    const { gpu, memory, recorder } = this;
    const plan = new Plan(gpu, memory, recorder.counters, keepBytes);
    try {
      recorder.note(plan, () => memory.setApart(plan.reserve, fn));
    } catch (error) {
      recorder.release(plan);
      throw error;
    }
    return plan;
  }

  /** Frees the GPU. Tensors of this device are unusable afterwards. */
  destroy(): void {
    this.recorder.fatal ??= new FoveaError('DEVICE_LOST', 'the device was destroyed');
    this.gpu.destroy();
  }

  private createTuner(tune: TuneMode): Tuner {
    const { profiler, recorder } = this;
    const { vendor, architecture, device, description, subgroupSize, class: kind } = this.info;
    const kernels = digest(Object.values(shaderSources).join());
    const identity = [vendor, architecture, device, description, subgroupSize, kernels].join(' / ');
    return new Tuner({
      // On software adapters times depend on what else the processor does, and trying costs seconds.
      mode: kind === 'software' ? 'off' : tune,
      identity,
      store: cacheEntry(`tuning-${digest(identity)}.json`),
      canTime: () => profiler.available && !recorder.isNoting,
      time: (fn) => recorder.time(fn),
    });
  }

  private createBuffer(bytes: number): GPUBuffer {
    this.gpu.pushErrorScope('out-of-memory');
    const buffer = this.gpu.createBuffer({
      size: bytes,
      usage:
        GPUBufferUsage.STORAGE |
        GPUBufferUsage.UNIFORM |
        GPUBufferUsage.COPY_SRC |
        GPUBufferUsage.COPY_DST,
    });
    const check = async (): Promise<void> => {
      if (!(await outcome(this.gpu.popErrorScope()))) return;
      const { liveBytes } = this.memory.info();
      this.recorder.fatal ??= new FoveaError(
        'OUT_OF_MEMORY',
        `the GPU has no room for ${bytes} bytes more (${liveBytes} bytes are in use)`,
        { hint: 'Use a smaller batch or smaller images, or free tensors earlier with scope().' },
      );
    };
    this.recorder.expect(check());
    return buffer;
  }

  /** Turns errors that nobody caught, and the loss of the device, into errors of every later read. */
  private watch(): void {
    this.gpu.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      const { message } = event.error;
      this.recorder.fatal ??= new FoveaError('VALIDATION', `the GPU reported: ${message}`);
    });
    void this.gpu.lost.then(({ reason, message }) => {
      this.recorder.fatal ??= new FoveaError(
        'DEVICE_LOST',
        `the GPU was lost (${reason === 'unknown' ? 'reset or removed' : reason}): ${message}`,
        { hint: 'Save often; a new process, or dispose() and init(), opens it again.' },
      );
    });
  }

  private printTotals(): void {
    const { dispatches, replays, submits, reads, bindGroups, bytesUp, bytesDown } =
      this.recorder.counters;
    const { peakBytes, bufferBytes, buffersCreated } = this.memory.info();
    const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
    debug(
      1,
      () =>
        `fovea: ${dispatches} dispatches, ${replays} replays, ${submits} submits, ${reads} reads, ` +
        `${this.kernels.size} pipelines, ${bindGroups} bind groups, ${buffersCreated} buffers, ` +
        `up ${mib(bytesUp)} MiB, down ${mib(bytesDown)} MiB, ` +
        `peak ${mib(peakBytes)} MiB in use, ${mib(bufferBytes)} MiB in buffers`,
    );
  }
}

/** The largest matrices of the units, where subgroups have one size, so that they can be counted. */
function matrixUnits(gpu: GPUDevice, info: AdapterInfo): MatrixSize | undefined {
  const features: ReadonlySet<string> = gpu.features;
  if (!features.has(MATRIX_FEATURE) || !features.has('shader-f16')) return undefined;
  if (info.subgroupSize === 0) return undefined;
  const { subgroupMatrixConfigs = [] } = gpu.adapterInfo as GPUAdapterInfo & {
    readonly subgroupMatrixConfigs?: readonly MatrixConfig[];
  };
  const volume = ({ M, N, K }: MatrixSize): number => M * N * K;
  return subgroupMatrixConfigs
    .filter((each) => each.componentType === 'f16' && each.resultComponentType === 'f32')
    .filter(({ M, N, K }) => 32 % M === 0 && 32 % N === 0 && 32 % K === 0)
    .reduce<MatrixSize | undefined>((a, b) => (a && volume(a) >= volume(b) ? a : b), undefined);
}

interface MatrixConfig extends MatrixSize {
  readonly componentType: string;
  readonly resultComponentType: string;
}
