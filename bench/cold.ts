import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Library } from './library.js';
import type { Row } from './row.js';

/** Times of the first call of a row in a new process. */
export interface First {
  readonly row: string;
  readonly library: string;
  /** With an empty shader cache. */
  readonly coldMs: number;
  /** With the cache that the cold run left. */
  readonly warmMs: number;
  /** Most memory that the process held in the warm run; of fovea, since peers get our weights. */
  readonly peakMiB?: number;
  /** Why there are no times. */
  readonly reason?: string;
}

/** What a child reports. */
export type Once =
  { readonly firstMs: number; readonly peakMiB: number } | { readonly reason: string };

/** The rows whose first call counts most. */
export const isColdRow = ({ name }: Row): boolean =>
  /^(CIFAR-10 net, training|ResNet50, inference, batch 1$|VGG-16, inference, batch 1$)/.test(name);

/** Runs a row twice in new processes: with an empty shader cache of Mesa, and with a filled one. */
export async function firstCalls(row: Row, library: Library): Promise<First> {
  const named = { row: row.name, library: library.name };
  const cache = mkdtempSync(join(tmpdir(), 'shader-cache-'));
  try {
    const [cold, warm] = [await once(row, library, cache), await once(row, library, cache)];
    for (const each of [cold, warm]) {
      if ('reason' in each) return { ...named, coldMs: NaN, warmMs: NaN, reason: each.reason };
    }
    const { firstMs: coldMs } = cold as { firstMs: number };
    const { firstMs: warmMs, peakMiB } = warm as { firstMs: number; peakMiB: number };
    return { ...named, coldMs, warmMs, ...(library.name === 'fovea' && { peakMiB }) };
  } finally {
    rmSync(cache, { recursive: true });
  }
}

function once(row: Row, library: Library, cache: string): Promise<Once> {
  const env = { ...process.env, MESA_SHADER_CACHE_DIR: cache };
  const child = fork(new URL('./once.ts', import.meta.url), [library.name, row.name], { env });
  return new Promise((resolve) => {
    child.on('message', (message) => resolve(message as Once));
    child.on('exit', (code) => resolve({ reason: `the process ended with code ${String(code)}` }));
  });
}
