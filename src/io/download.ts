import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FoveaError } from '../errors.js';
import { fileError } from './files.js';
import { withLock, type Touch } from './lock.js';

/** How far a download is, in bytes. `total` is undefined where the server does not say. */
export interface Progress {
  readonly done: number;
  readonly total: number | undefined;
}

/** Options of `download`. */
export interface DownloadOptions {
  /** Of the whole file; undefined where none is published. */
  readonly md5: string | undefined;
  /** What the file begins with: another file is refused. */
  readonly magic?: Uint8Array;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** After how many seconds without a byte a connection is given up. Default 60. */
  readonly stallSeconds?: number;
  /** Called before waiting for another process that downloads the same file. */
  readonly onWait?: () => void;
}

/** Connections in a row that bring nothing. */
const MAX_FRUITLESS = 3;

/**
 * Brings a file here, unless it is here already. It arrives under the name of `target` only when it
 * is whole and what was published; until then it grows in `target.part`, where an interrupted
 * download goes on, also in another process. Two processes share one download. Connections that
 * break are opened again.
 *
 * @throws FoveaError NETWORK when the server fails, gives a page or another file, or `FOVEA_OFFLINE`
 *   is set; FILE when it cannot be written; what `signal` says when it is aborted
 */
export async function download(
  url: string,
  target: string,
  options: DownloadOptions,
): Promise<void> {
  if (await exists(target)) return;
  if (process.env['FOVEA_OFFLINE'] === '1') {
    throw new FoveaError('NETWORK', `FOVEA_OFFLINE is set, so ${url} is not fetched`, {
      hint: `Fetch it elsewhere and put it at ${target}, or unset FOVEA_OFFLINE.`,
    });
  }
  const { signal, onWait } = options;
  const locked = async (touch: Touch): Promise<void> => {
    // Whoever had the lock before may have brought it.
    if (await exists(target)) return;
    const part = `${target}.part`;
    const resumed = await fetchAll(url, part, options, touch);
    const problem = await problemOf(part, options);
    if (problem !== undefined) {
      await rm(part, { force: true });
      // The beginning may have been of another version of the file.
      if (resumed) return locked(touch);
      throw new FoveaError('NETWORK', `${url}: ${problem}`, {
        hint: 'Nothing was kept of it. Try again later, or over another network.',
      });
    }
    await rename(part, target);
  };
  await withLock(`${target}.lock`, locked, { signal, ...(onWait && { onWait }) });
}

async function exists(path: string): Promise<boolean> {
  return (await sizeOf(path)) !== undefined;
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

/** Fetches until the file is whole; tells whether it went on from an earlier part. */
async function fetchAll(
  url: string,
  part: string,
  options: DownloadOptions,
  touch: Touch,
): Promise<boolean> {
  await mkdir(dirname(part), { recursive: true });
  const before = (await sizeOf(part)) ?? 0;
  let fruitless = 0;
  for (;;) {
    const start = (await sizeOf(part)) ?? 0;
    try {
      await fetchRest(url, part, start, options, touch);
      return before > 0;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof FoveaError) {
        if (error.code === 'FILE') await rm(part, { force: true });
        throw error;
      }
      const gained = ((await sizeOf(part)) ?? 0) > start;
      fruitless = gained ? 0 : fruitless + 1;
      if (fruitless >= MAX_FRUITLESS) throw unreachable(url, error);
    }
  }
}

/** One connection. Throws FoveaError when another one would not help. */
async function fetchRest(
  url: string,
  part: string,
  start: number,
  options: DownloadOptions,
  touch: Touch,
): Promise<void> {
  const stall = new AbortController();
  const { signal, onProgress, stallSeconds = 60 } = options;
  const timer = setTimeout(() => {
    stall.abort(new Error(`no byte came for ${stallSeconds} s`));
  }, stallSeconds * 1000);
  try {
    const response = await fetch(url, {
      headers: {
        'accept-encoding': 'identity',
        ...(start > 0 && { range: `bytes=${start}-` }),
      },
      signal: signal ? AbortSignal.any([signal, stall.signal]) : stall.signal,
    });
    if (response.status === 416) {
      // Either all bytes are here, or the part is longer than the file and so not of it.
      if (response.headers.get('content-range') === `bytes */${start}`) return;
      await rm(part, { force: true });
      throw new Error('the server refused to go on');
    }
    checkResponse(url, response);
    const isRest = response.status === 206;
    const from = isRest ? rangeStart(response) : 0;
    if (from !== 0 && from !== start) throw new Error(`the server went on at byte ${from}`);
    const length = Number(response.headers.get('content-length') ?? NaN);
    const total = Number.isFinite(length) ? from + length : undefined;
    const file = await openAt(part, from);
    let done = from;
    try {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        timer.refresh();
        await writeChunk(file, part, chunk, done);
        done += chunk.length;
        onProgress?.({ done, total });
        await touch();
      }
    } finally {
      await file.close();
    }
    if (total !== undefined && done < total) throw new Error(`only ${done} of ${total} bytes came`);
  } finally {
    clearTimeout(timer);
  }
}

function checkResponse(url: string, response: Response): void {
  const { status, statusText } = response;
  // A server that is busy may do better next time.
  if (status === 429 || status >= 500) throw new Error(`the server answered ${status}`);
  const type = response.headers.get('content-type') ?? '';
  if (response.ok && !type.includes('text/html')) return;
  const what = response.ok ? 'a web page came, not a file' : `${status} ${statusText}`;
  throw new FoveaError('NETWORK', `${url}: ${what}`, {
    hint: 'A proxy or a login page may be in between; FOVEA_MIRROR sets another server.',
  });
}

/** Where the bytes of a partial answer begin. */
function rangeStart(response: Response): number {
  return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? NaN);
}

async function openAt(path: string, length: number): Promise<FileHandle> {
  try {
    const file = await open(path, length === 0 ? 'w' : 'r+');
    return file;
  } catch (cause) {
    throw fileError('write', path, cause);
  }
}

async function writeChunk(
  file: FileHandle,
  path: string,
  chunk: Uint8Array,
  at: number,
): Promise<void> {
  try {
    for (let done = 0; done < chunk.length;) {
      const { bytesWritten } = await file.write(chunk, done, chunk.length - done, at + done);
      done += bytesWritten;
    }
  } catch (cause) {
    throw fileError('write', path, cause);
  }
}

/** Why a whole file is not what was published; undefined when it is. */
async function problemOf(
  path: string,
  { md5, magic, signal }: DownloadOptions,
): Promise<string | undefined> {
  if (magic) {
    const file = await open(path);
    const start = Buffer.alloc(magic.length);
    await file.read(start, 0, start.length, 0).finally(() => file.close());
    if (!start.equals(magic)) return 'it is no file of weights';
  }
  if (md5 === undefined) return undefined;
  const found = await md5OfFile(path, signal);
  return found === md5 ? undefined : `its md5 is ${found}, the published one is ${md5}`;
}

/** The md5 of a file, in hexadecimal digits. */
export async function md5OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('md5');
  for await (const chunk of createReadStream(path, signal ? { signal } : {})) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

function unreachable(url: string, cause: unknown): FoveaError {
  const deep = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const reason = deep instanceof Error ? deep.message : String(deep);
  return new FoveaError('NETWORK', `${url} cannot be fetched: ${reason}`, {
    cause,
    hint: 'What has come so far is kept: the next attempt goes on from there.',
  });
}
