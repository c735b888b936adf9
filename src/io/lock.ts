import { mkdir, open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileError } from './files.js';

/** Whoever holds a lock touches it more often than this, in milliseconds. */
const STALE = 120_000;
const POLL = 200;

/** What is called now and then while a lock is held, so that others see that somebody works. */
export type Touch = () => Promise<void>;

/**
 * Runs `fn` while no other process that asks for the same file does: the lock is a file that exists
 * meanwhile. One that a killed process left is removed.
 *
 * @param onWait is called once, before waiting for another process
 */
export async function withLock<T>(
  file: string,
  fn: (touch: Touch) => Promise<T>,
  options: { readonly signal?: AbortSignal | undefined; readonly onWait?: () => void } = {},
): Promise<T> {
  const { signal, onWait } = options;
  let isFirst = true;
  while (!(await acquire(file))) {
    if (isFirst) onWait?.();
    isFirst = false;
    if (await isStale(file)) await rm(file, { force: true });
    else await wait(POLL, undefined, signal ? { signal } : {});
  }
  let touched = Date.now();
  try {
    return await fn(async () => {
      const now = Date.now();
      if (now - touched < STALE / 20) return;
      touched = now;
      await utimes(file, now / 1000, now / 1000);
    });
  } finally {
    await rm(file, { force: true });
  }
}

async function acquire(path: string): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'wx');
    await file.writeFile(JSON.stringify({ pid: process.pid, host: hostname() }));
    await file.close();
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fileError('lock', path, cause);
  }
}

/** Whether nobody works under a lock any more. */
async function isStale(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  const owner = await readFile(path, 'utf8').then(parseOwner, () => undefined);
  if (!info) return false;
  // Of a process on another machine, which shares the folder, only the time is known.
  return owner?.host === hostname() ? !isAlive(owner.pid) : Date.now() - info.mtimeMs > STALE;
}

/** Undefined for what a process was killed while writing. */
function parseOwner(text: string): { pid: number; host: string } | undefined {
  try {
    return JSON.parse(text) as { pid: number; host: string };
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}
