import { cores, openedGpu } from '#host';
import type { AdapterInfo, Device } from './device.js';
import { outcome } from './failure.js';
import type { Kernel } from './kernel.js';
import { requestDevice } from './request.js';

/** Kernels that are compiled at the same time on one device. */
const AT_ONCE = { early: 8, late: 2 };
/** Devices that share the work, at most: each of them takes memory. */
const MOST_DEVICES = 4;
/** Large enough for all that a shader may say of the size of a binding. */
const BINDING_BYTES = 65_536;

/** How one sees and stops it. */
export interface CompileOptions {
  /** Told how many of all kernels are compiled. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two kernels. */
  readonly signal?: AbortSignal;
}

/**
 * Compiles kernels before they run, beside one another. What is wrong with one is said when it is used.
 *
 * Mesa's software driver translates a kernel when it first runs, and on the only thread of its device. There several
 * devices share the work: what another one has translated comes from Mesa's cache on disk.
 */
export async function compileKernels(
  device: Device,
  kernels: ReadonlySet<Kernel>,
  { onProgress, signal }: CompileOptions = {},
): Promise<void> {
  const isLate = translatesLate(device.info);
  // The longest take longest: first.
  const missing = [...kernels]
    .filter(({ isCompiled }) => !isCompiled)
    .sort((a, b) => b.text.length - a.text.length);
  let done = kernels.size - missing.length;
  for (let i = 1; i <= done; i++) onProgress?.(i, kernels.size);
  const todo = missing.values();
  const work = async (gpu: GPUDevice): Promise<void> => {
    for (const kernel of todo) {
      signal?.throwIfAborted();
      await compileFor(gpu, kernel.on(gpu), isLate);
      onProgress?.(++done, kernels.size);
    }
  };
  const sharing = isLate ? Math.min(missing.length, cores, MOST_DEVICES) : 1;
  const others = await openMore(sharing - 1);
  try {
    const each = isLate ? AT_ONCE.late : AT_ONCE.early;
    const crew = (gpu: GPUDevice): Promise<void>[] => Array.from({ length: each }, () => work(gpu));
    await Promise.all([device.gpu, ...others].flatMap(crew));
    await Promise.all(missing.map((kernel) => kernel.compile()));
  } finally {
    for (const other of others) other.destroy();
  }
  signal?.throwIfAborted();
}

/** Whether the driver translates a kernel when it first runs. */
export function translatesLate({ class: kind, vendor }: AdapterInfo): boolean {
  return kind === 'software' && vendor === 'mesa';
}

/** More devices of the adapter, as many as it gives. */
async function openMore(count: number): Promise<readonly GPUDevice[]> {
  const open = async (): Promise<readonly GPUDevice[]> => {
    const adapter = await openedGpu().requestAdapter();
    return adapter ? [await requestDevice(adapter)] : [];
  };
  // Without one of them, the others have more to do.
  const opened = Array.from({ length: Math.max(0, count) }, () => open().catch(() => []));
  return (await Promise.all(opened)).flat();
}

/** Compiles a kernel for its device, and where the driver translates it late has it translated. */
async function compileFor(gpu: GPUDevice, kernel: Kernel, isLate: boolean): Promise<void> {
  await kernel.compile();
  if (isLate && kernel.isCompiled) await runNothing(gpu, kernel);
}

/**
 * Runs a kernel in no workgroups. Their number comes from a buffer, since Dawn warns of a plain zero. A kernel that cannot
 * be bound so is translated when it runs.
 */
async function runNothing(gpu: GPUDevice, kernel: Kernel): Promise<void> {
  const { STORAGE, UNIFORM, INDIRECT } = GPUBufferUsage;
  const { storage, paramsBinding, layout, pipeline } = kernel;
  const bindings = storage.map(({ binding }) => binding);
  if (paramsBinding !== undefined) bindings.push(paramsBinding);
  const create = (usage: number): GPUBuffer => gpu.createBuffer({ size: BINDING_BYTES, usage });
  const operands = bindings.map(() => create(STORAGE | UNIFORM));
  const none = create(INDIRECT);
  const entries = bindings.map((binding, i) => ({
    binding,
    resource: { buffer: operands[i]!, size: BINDING_BYTES },
  }));
  gpu.pushErrorScope('validation');
  const group = gpu.createBindGroup({ layout, entries });
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group, paramsBinding === undefined ? [] : [0]);
  pass.dispatchWorkgroupsIndirect(none, 0);
  pass.end();
  gpu.queue.submit([encoder.finish()]);
  await Promise.all([outcome(gpu.popErrorScope()), gpu.queue.onSubmittedWorkDone()]);
  for (const buffer of [...operands, none]) buffer.destroy();
}
