import { calmPolling, gpuSources, noGpuAdvice, note } from '#host';
import { FoveaError } from '../errors.js';
import { Device, type AdapterInfo, type Precision } from './device.js';
import type { AdapterKind, GpuSource } from './host.js';
import type { MemoryInfo } from './memory.js';
import { requestDevice } from './request.js';
import type { TuneMode } from './tuner.js';

/** Options of `init`. */
export interface InitOptions {
  /**
   * 'hardware': only a real GPU; 'software': only a software driver; 'auto' (the default): a GPU,
   * else the system's software driver, else the embedded SwiftShader.
   */
  readonly adapter?: AdapterKind;
  /** Which GPU of several. Default 'high-performance'. */
  readonly powerPreference?: 'high-performance' | 'low-power';
  /**
   * Whether the fastest of several kernels is found by measuring ('auto', the default, on GPUs only),
   * or a fixed rule decides ('off'): then equal runs give equal bits. What was measured is kept in
   * the cache folder.
   */
  readonly tune?: TuneMode;
  /** Takes the lines that say what was found. Default: stderr. */
  readonly log?: (line: string) => void;
  /**
   * Of convolutions and dense products: 'float32' (the default) or 'mixed', which is Keras's
   * `keras.mixed_precision.set_global_policy('mixed_float16')`. `compile` can choose another one for a
   * model. Where the GPU has no float16, a line says so and float32 is used. Other names throw ARGUMENT.
   */
  readonly precision?: Precision;
}

let current: Promise<Device> | undefined;
let device: Device | undefined;
/** What `init` was given to write lines. */
let tell = note;
let isMissingNoted = false;

/**
 * Finds a GPU and makes it the default device; call it once before anything else. Later calls
 * return the same device until `shutdown()`; of their options only the precision counts.
 *
 * @throws FoveaError NO_GPU with everything that was tried and what to install; ARGUMENT for an
 *   option that is not known
 */
export async function init(options: InitOptions = {}): Promise<AdapterInfo> {
  const { precision } = options;
  if (precision !== undefined) checkPrecision('init', precision);
  current ??= open(options);
  try {
    device = await current;
  } catch (error) {
    current = undefined;
    throw error;
  }
  if (precision !== undefined) device.precision = precision;
  if (precision === 'mixed') noteMissingF16();
  return device.info;
}

/** Throws ARGUMENT unless it is a precision. */
export function checkPrecision(where: string, precision: Precision): void {
  if (['float32', 'mixed'].includes(precision)) return;
  throw new FoveaError(
    'ARGUMENT',
    `${where}: precision must be 'float32' or 'mixed', got ${JSON.stringify(precision)}`,
  );
}

/** Says once that mixed precision was asked for, where the GPU cannot. */
export function noteMissingF16(): void {
  if (defaultDevice().hasF16 || isMissingNoted) return;
  isMissingNoted = true;
  tell(
    'fovea: mixed precision is not available, float32 is used: this adapter has no "shader-f16" ' +
      '(see "fovea doctor")',
  );
}

/** Frees the GPU and everything on it. `init` may be called again. */
export function shutdown(): void {
  device?.destroy();
  device = undefined;
  current = undefined;
}

/** Byte counters of the default device. */
export function memoryInfo(): MemoryInfo {
  return defaultDevice().memory.info();
}

/** The default device. Throws NO_GPU before `init`. */
export function defaultDevice(): Device {
  if (!device) {
    throw new FoveaError('NO_GPU', 'no GPU is open', {
      hint: 'Call "await init()" once before making tensors.',
    });
  }
  return device;
}

async function open(options: InitOptions): Promise<Device> {
  const { adapter: kind = 'auto', log = note } = options;
  checkTune(options.tune);
  calmPolling();
  const tried: string[] = [];
  tell = log;
  isMissingNoted = false;
  for (const source of gpuSources(kind)) {
    const opened = await openSource(source, options, tried);
    if (opened instanceof Device) {
      log(describe(opened.info));
      return opened;
    }
    tried.push(`${source.name}: ${opened}`);
  }
  throw new FoveaError(
    'NO_GPU',
    `no usable GPU. Tried:\n${tried.map((line) => `  - ${line}`).join('\n')}`,
    { hint: noGpuAdvice },
  );
}

const MODES: readonly (TuneMode | undefined)[] = [undefined, 'auto', 'off'];

function checkTune(tune: TuneMode | undefined): void {
  if (MODES.includes(tune)) return;
  throw new FoveaError('ARGUMENT', `init: tune must be 'auto' or 'off', got ${String(tune)}`);
}

/** Opens the GPU of one source, or says why that is impossible. */
async function openSource(
  source: GpuSource,
  { adapter: kind, powerPreference = 'high-performance', tune = 'auto' }: InitOptions,
  tried: readonly string[],
): Promise<Device | string> {
  const gpu = await source.open();
  if ('unavailable' in gpu) return gpu.unavailable;
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (!adapter) return 'no driver that Dawn accepts';
  const info = { ...adapterInfo(adapter, source.name), tried: [...tried] };
  if (kind === 'hardware' && info.class === 'software') {
    return `only a software driver, ${info.description}`;
  }
  return openDevice(adapter, info, tune);
}

async function openDevice(adapter: GPUAdapter, info: AdapterInfo, tune: TuneMode): Promise<Device> {
  const opened = new Device(await requestDevice(adapter), info, tune);
  await opened.tuner.load();
  return opened;
}

function adapterInfo(adapter: GPUAdapter, source: string): Omit<AdapterInfo, 'tried'> {
  const { info, features } = adapter;
  const { subgroupMinSize: least = 0, subgroupMaxSize: most = 0 } = info;
  return {
    source,
    vendor: info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description || info.device || info.architecture,
    class: info.isFallbackAdapter ? 'software' : 'gpu',
    subgroupSize: features.has('subgroups') && least === most ? least : 0,
    features: [...features].sort(),
  };
}

function describe({ source, description, class: kind }: AdapterInfo): string {
  const name = `fovea: ${description.split(':')[0]!.trim()} (${source})`;
  if (kind === 'gpu') return name;
  const faster = source.startsWith('embedded')
    ? 'a system Vulkan driver is faster: "mesa-vulkan-drivers" 25+ (several times), or a GPU'
    : 'a GPU would be much faster';
  return `${name}, a software GPU; ${faster}. See "fovea doctor".`;
}
