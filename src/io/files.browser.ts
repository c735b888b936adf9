import { FoveaError } from '../errors.js';
import type * as files from './files.js';
import { inMemory } from './formats/source.js';

// In a browser a path is an address, relative to the page: files are fetched, and saved as downloads.

/** Saves bytes as a download with the last part of `path` as its name. Where the user keeps it is not known. */
export const writeFileAtomic: typeof files.writeFileAtomic = async (path, content) => {
  const { document } = globalThis as { document?: Page };
  if (!document) {
    throw new FoveaError(
      'FILE',
      `Cannot write ${path}: only a page can save a file, not a worker.`,
    );
  }
  const parts: (string | Uint8Array<ArrayBuffer>)[] = [];
  const isWhole = typeof content === 'string' || content instanceof Uint8Array;
  for await (const part of isWhole ? [content] : content) {
    parts.push(part as string | Uint8Array<ArrayBuffer>);
  }
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(parts));
  link.download = path.slice(path.lastIndexOf('/') + 1);
  link.click();
  // Long after the download has begun.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};

/** The part of a page that is used. */
interface Page {
  createElement(name: 'a'): { href: string; download: string; click(): void };
}

/** The bytes at an address. */
export const readFileOrThrow: typeof files.readFileOrThrow = async (path) => {
  try {
    return new Uint8Array(await (await request(path)).arrayBuffer());
  } catch (cause) {
    throw fetchError(path, cause);
  }
};

/** The first bytes at an address; the rest is not loaded. */
export const readStart: typeof files.readStart = async (path, count) => {
  try {
    const body = (await request(path)).body as ReadableStream<Uint8Array>;
    const reader = body.getReader();
    const start = new Uint8Array(count);
    let length = 0;
    while (length < count) {
      const { value } = await reader.read();
      if (!value) break;
      const some = value.subarray(0, count - length);
      start.set(some, length);
      length += some.length;
    }
    await reader.cancel();
    return start.subarray(0, length);
  } catch (cause) {
    throw fetchError(path, cause);
  }
};

/** Loads all bytes at an address for `use`. */
export const withFile: typeof files.withFile = async (path, use) =>
  use(inMemory(await readFileOrThrow(path)));

/** Servers do not tell what is a folder. */
export const isFolder: typeof files.isFolder = async () => Promise.resolve(false);

/** The address of a file in the folder of another. */
export const nextTo: typeof files.nextTo = (path, name) =>
  path.slice(0, path.lastIndexOf('/') + 1) + encodeURIComponent(name);

async function request(path: string | URL): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`the server answers ${response.status} ${response.statusText}`);
  return response;
}

function fetchError(path: string | URL, cause: unknown): FoveaError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FoveaError('FILE', `Cannot read ${String(path)}: ${reason}.`, { cause });
}
