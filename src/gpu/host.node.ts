import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { AdapterKind, CacheEntry, GpuSource } from './host.js';
import { cacheFolder } from '../cache.js';
import { unpackSwiftShader } from './swiftshader.js';

// The object returned by the binding's `create()` must stay referenced for the life of the process.
const instances = new Map<string, GPU>();

/** The drivers that the user chose, before the embedded one is put there. */
const systemDrivers = process.env['VK_DRIVER_FILES'];

/**
 * Where to look for a GPU in Node, best first: the system's drivers (which may themselves be a
 * software driver), then the SwiftShader that comes as an optional dependency.
 */
export function gpuSources(kind: AdapterKind): readonly GpuSource[] {
  const system: GpuSource = { name: systemName(), open: () => openBinding([], systemDrivers) };
  if (kind === 'hardware') return [system];
  const embedded: GpuSource = { name: 'embedded SwiftShader', open: openEmbedded };
  // With a GPU present the software driver has to be asked for by name.
  const lavapipe: GpuSource = {
    name: 'system software Vulkan (lavapipe)',
    open: () => openBinding(['adapter=llvmpipe'], systemDrivers),
  };
  return kind === 'software' ? [lavapipe, embedded] : [system, embedded];
}

function systemName(): string {
  if (process.platform === 'darwin') return 'Metal';
  return process.platform === 'win32' ? 'Direct3D 12' : 'system Vulkan';
}

/** Exact timestamps; f16 on NVIDIA, and subgroup matrices, which are experimental. */
const DAWN_FLAGS = [
  'disable-dawn-features=timestamp_quantization',
  'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
];

/** Opens Dawn with the Vulkan drivers of these manifests; undefined means those of the system. */
async function openBinding(
  flags: readonly string[],
  drivers: string | undefined,
): Promise<GPU | { unavailable: string }> {
  if (drivers === undefined) delete process.env['VK_DRIVER_FILES'];
  else process.env['VK_DRIVER_FILES'] = drivers;
  // lavapipe complains on stderr without it.
  if (process.platform === 'linux') process.env['XDG_RUNTIME_DIR'] ??= tmpdir();
  let binding: typeof import('webgpu');
  try {
    binding = await import('webgpu');
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    return { unavailable: `the package "webgpu" could not be loaded (${reason})` };
  }
  // GPUBufferUsage, GPUMapMode and the like are globals in browsers; the binding exports them.
  for (const [name, value] of Object.entries(binding.globals)) {
    if (!(name in globalThis)) {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
  }
  const key = [drivers, ...flags].join(' ');
  const gpu = instances.get(key) ?? binding.create([...flags, ...DAWN_FLAGS]);
  // The one opened last is the last of the map.
  instances.delete(key);
  instances.set(key, gpu);
  return gpu;
}

/** RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE: the library stays, and Dawn finds it by its name. */
const KEEP_GLOBAL = 0x2 | 0x100 | 0x1000;

async function openEmbedded(): Promise<GPU | { unavailable: string }> {
  const unpacked = await unpackSwiftShader();
  if ('unavailable' in unpacked) return unpacked;
  try {
    process.dlopen({ exports: {} }, unpacked.loader, KEEP_GLOBAL);
  } catch (error) {
    // The loader is no Node addon, and Node says so after it has been loaded: that is success.
    if (!(error instanceof Error && error.message.includes('did not self-register'))) {
      return { unavailable: `its Vulkan loader could not be loaded (${String(error)})` };
    }
  }
  return openBinding([], unpacked.manifest);
}

/** The binding's instance that was opened last; for benchmarks that share it with peers. */
export function openedGpu(): GPU {
  return [...instances.values()].at(-1)!;
}

let pollingIsCalm = false;

/** Of a wait: what it has lasted may be exceeded by this share, and pauses are no shorter and no longer than this. */
const PAUSE = { share: 1 / 16, leastMs: 0.05, longestMs: 1 };

/**
 * While anything is awaited, the Node binding polls in a full-speed `setImmediate` loop, which takes
 * a whole core away from a software adapter. This puts pauses into that loop: the binding's own
 * callback (anonymous, native, without arguments) runs after a sixteenth of the time that was waited
 * so far, and every millisecond in the end. Callbacks of anyone else are untouched.
 */
export function calmPolling(): void {
  if (pollingIsCalm) return;
  pollingIsCalm = true;
  const immediate = globalThis.setImmediate;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let isPolling = false;
  let start = 0;
  const calm = (callback: (...args: unknown[]) => void, ...args: unknown[]): unknown => {
    if (args.length > 0 || callback.name !== '' || !isNative(callback)) {
      return immediate(callback, ...args);
    }
    const now = performance.now();
    // Within a wait it asks for itself.
    if (!isPolling) start = now;
    const poll = (): void => {
      isPolling = true;
      try {
        callback();
      } finally {
        isPolling = false;
      }
    };
    const pause = Math.max(PAUSE.leastMs, (now - start) * PAUSE.share);
    if (pause >= PAUSE.longestMs) return setTimeout(poll, PAUSE.longestMs);
    // Timers know only whole milliseconds.
    Atomics.wait(sleeper, 0, 0, pause);
    return immediate(poll);
  };
  globalThis.setImmediate = Object.assign(calm as typeof setImmediate, immediate);
}

function isNative(callback: (...args: unknown[]) => void): boolean {
  return (
    callback.length === 0 && Function.prototype.toString.call(callback).includes('[native code]')
  );
}

/** Reads an environment variable; empty counts as unset. */
export function environment(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

/** Writes one line to stderr. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Threads that can run at the same time. */
export const cores: number = availableParallelism();

/** Whether stderr is a terminal, where a line can be written over. */
export const isTerminal: boolean = process.stderr.isTTY;

/** Writes text to stderr as it is. */
export function writeRaw(text: string): void {
  process.stderr.write(text);
}

/** A text in the cache folder; no reader ever sees half of it. */
export function cacheEntry(name: string): CacheEntry {
  const path = join(cacheFolder(), name);
  return {
    read: () =>
      readFile(path, 'utf8').catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }),
    write: async (text) => {
      const temporary = `${path}.${process.pid}`;
      await mkdir(cacheFolder(), { recursive: true });
      try {
        await writeFile(temporary, text);
        await rename(temporary, path);
      } finally {
        await rm(temporary, { force: true });
      }
    },
  };
}

/** Runs `task` when the process exits. */
export function atExit(task: () => void): void {
  process.once('exit', task);
}

/** What a user of this platform can do when no GPU was found. */
export const noGpuAdvice =
  process.platform === 'linux'
    ? 'Install a Vulkan driver: your GPU vendor\'s, or "mesa-vulkan-drivers" 25 or later for a fast ' +
      'software one; or the embedded software GPU with "npm install @sparticuz/chromium@143.0.4 tar-fs" (x64).'
    : 'Update the graphics driver, and check that "npm ls webgpu" shows the package.';
