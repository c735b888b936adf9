import type { CacheEntry, GpuSource } from './host.js';

/** A browser offers one source, `navigator.gpu`. */
export function gpuSources(): readonly GpuSource[] {
  const browser = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  return [
    {
      name: 'navigator.gpu',
      open: () =>
        Promise.resolve(
          browser ?? {
            unavailable: 'this browser has no WebGPU, or the page is not served over https',
          },
        ),
    },
  ];
}

/** The browser's entry to its GPUs. */
export function openedGpu(): GPU {
  return (globalThis as unknown as { navigator: { gpu: GPU } }).navigator.gpu;
}

/** Browsers poll by themselves. */
export function calmPolling(): void {
  // Nothing to do here; see host.node.ts.
}

/** Pages have no environment variables. */
export function environment(): string | undefined {
  return undefined;
}

/** Writes a diagnostic line to the console. */
export function note(line: string): void {
  (globalThis as { console?: { info(line: string): void } }).console?.info(line);
}

/** Threads that can run at the same time. */
export const cores: number =
  (globalThis as { navigator?: { hardwareConcurrency?: number } }).navigator?.hardwareConcurrency ??
  1;

/** The console cannot write over a line. */
export const isTerminal: boolean = false;

/** Writes text to the console. */
export function writeRaw(text: string): void {
  note(text.trimEnd());
}

/** A text that the browser keeps for this site, where it may. */
export function cacheEntry(name: string): CacheEntry {
  // Asking for it throws where the user has forbidden it.
  const storage = Promise.resolve().then(
    () => (globalThis as { localStorage?: Storage }).localStorage,
  );
  storage.catch(() => undefined);
  const key = `fovea/${name}`;
  return {
    read: () => storage.then((kept) => kept?.getItem(key) ?? undefined),
    write: (text) => storage.then((kept) => kept?.setItem(key, text)),
  };
}

/** The part of the browser's storage that is used. */
interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, text: string): void;
}

/** Runs `task` when the page goes away. */
export function atExit(task: () => void): void {
  (
    globalThis as { addEventListener?: (type: string, task: () => void) => void }
  ).addEventListener?.('pagehide', task);
}

/** What a user of this platform can do when no GPU was found. */
export const noGpuAdvice =
  'Use a browser with WebGPU: Chrome or Edge 113+, Safari 26+, Firefox 141+.';
