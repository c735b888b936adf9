import { FoveaError } from '../errors.js';
import type { Kernel } from './kernel.js';
import type { Block, Storage } from './memory.js';

/** A value; or a function, called at each run, for what changes from run to run of a plan. */
export type Live<T> = T | (() => T);

/** The value as it is now. */
export function now<T>(value: Live<T>): T {
  return typeof value === 'function' ? (value as () => T)() : value;
}

/** A range of a storage, as a kernel sees it. `offset` is a multiple of 256 bytes. */
export interface Binding {
  readonly storage: Storage;
  readonly offset: number;
  readonly bytes: number;
}

/** Values of a kernel's `struct Params` by name. */
export type Params = Readonly<Record<string, Live<number>>>;

/** One run of a kernel. */
export interface Dispatch {
  readonly kernel: Kernel;
  /** One entry per `var<storage>` of the kernel, by its name in the WGSL. */
  readonly bindings: Readonly<Record<string, Binding>>;
  /** One entry per field of the kernel's `struct Params`. */
  readonly params: Params;
  /** Number of workgroups; above 65,535 they are folded into a second dimension. */
  readonly workgroups: number;
  /** Names operation and shapes, for errors and for the profiler. */
  readonly label: () => string;
}

/** Distance of two parameter blocks: the largest uniform alignment that WebGPU allows. */
export const SLOT_BYTES = 256;
const MAX_GROUPS = 65_535;

/** The parameter blocks of several dispatches, on the host. */
export class Slots {
  readonly bytes: ArrayBuffer;
  private readonly words;

  constructor(count: number) {
    this.bytes = new ArrayBuffer(count * SLOT_BYTES);
    this.words = {
      u32: new Uint32Array(this.bytes),
      i32: new Int32Array(this.bytes),
      f32: new Float32Array(this.bytes),
    };
  }

  /** Writes the parameters of a dispatch, as they are now. */
  write({ kernel, params }: Dispatch, slot: number): void {
    kernel.params.forEach(({ name, type }, i) => {
      const value = params[name];
      if (value === undefined) throw new Error(`kernel ${kernel.name}: no parameter "${name}"`);
      this.words[type][(slot * SLOT_BYTES) / 4 + i] = now(value);
    });
  }
}

/** A uniform buffer for parameter blocks. */
export function createUniform(gpu: GPUDevice, { bytes }: Slots): GPUBuffer {
  return gpu.createBuffer({
    label: 'parameters',
    size: bytes.byteLength,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
}

/** Binds buffers, in the order of the kernel's variables, and the parameters. */
export function createBindGroup(
  gpu: GPUDevice,
  { kernel, bindings }: Dispatch,
  blocks: readonly Block[],
  uniform: GPUBuffer,
): GPUBindGroup {
  const entries: GPUBindGroupEntry[] = kernel.storage.map(({ name, binding }, i) => {
    const { offset, bytes } = bindings[name]!;
    return { binding, resource: { buffer: blocks[i]!.buffer, offset, size: bytes } };
  });
  if (kernel.paramsBinding !== undefined) {
    const size = Math.ceil((kernel.params.length * 4) / 16) * 16;
    entries.push({ binding: kernel.paramsBinding, resource: { buffer: uniform, size } });
  }
  return gpu.createBindGroup({ label: kernel.name, layout: kernel.layout, entries });
}

/** What a dispatch reads and writes. Throws when something is not bound. */
export function operandsOf({ kernel, bindings }: Dispatch): {
  reads: Storage[];
  writes: Storage[];
} {
  const reads: Storage[] = [];
  const writes: Storage[] = [];
  for (const { name, writable } of kernel.storage) {
    const binding = bindings[name];
    if (!binding) throw new Error(`kernel ${kernel.name}: nothing is bound to "${name}"`);
    (writable ? writes : reads).push(binding.storage);
  }
  return { reads, writes };
}

/** Spreads a number of workgroups over two dimensions where one does not hold them. */
export function fold({ workgroups, label }: Dispatch): [number, number] {
  const y = Math.ceil(workgroups / MAX_GROUPS);
  if (y > MAX_GROUPS || workgroups < 1) {
    throw new FoveaError('LIMIT', `${label()}: ${workgroups} workgroups cannot be dispatched`);
  }
  return [Math.ceil(workgroups / y), y];
}
