import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import {
  appendFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FoveaError } from '../errors.js';
import type { ByteSource } from './formats/source.js';

let temporaryCount = 0;
/** Files that are being written. */
const temporaries = new Set<string>();
// Whoever leaves while a file is written, with process.exit(), leaves nothing of it.
process.on('exit', () => {
  for (const file of temporaries) rmSync(file, { force: true });
});

/**
 * Writes a file so that no reader ever sees half of it: the bytes go to a temporary name in the
 * same folder, which is then renamed. Missing parent folders are made. On failure the temporary
 * file is removed and an existing file at `path` is left as it was.
 *
 * @param content bytes, or text to be written as UTF-8; or bytes that come one part after the other
 * @throws FoveaError `FILE` when the file cannot be written
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | string | AsyncIterable<Uint8Array>,
): Promise<void> {
  const folder = dirname(path);
  temporaryCount += 1;
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${temporaryCount}.tmp`);
  temporaries.add(temporary);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, 'wx');
    try {
      const isWhole = typeof content === 'string' || content instanceof Uint8Array;
      for await (const chunk of isWhole ? [content] : content) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError('write', path, cause);
  } finally {
    temporaries.delete(temporary);
  }
}

/**
 * Adds bytes at the end of a file, in one write. The file and missing parent folders are made.
 *
 * @throws FoveaError `FILE` when the file cannot be written
 */
export async function appendToFile(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await appendFile(path, bytes);
  } catch (cause) {
    throw fileError('write', path, cause);
  }
}

/**
 * Removes a file, what killed processes left of writing it, and its folder when nothing else is in
 * it. It need not be there.
 *
 * @throws FoveaError `FILE` when it cannot be removed
 */
export async function removeFile(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)];
  try {
    const names = await readdir(folder);
    const leftovers = names.filter((each) => each.startsWith(`.${name}.`) && each.endsWith('.tmp'));
    for (const each of [name, ...leftovers]) await rm(join(folder, each), { force: true });
    // Fails when something else is in it.
    await rmdir(folder).catch(() => undefined);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw fileError('remove', path, cause);
  }
}

/**
 * The bytes of a file; undefined where there is none.
 *
 * @throws FoveaError `FILE`, naming the path, when it is a folder or not readable
 */
export async function readFileIfAny(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFileOrThrow(path);
  } catch (error) {
    if (codeOf((error as FoveaError).cause) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * The bytes of a file.
 *
 * @throws FoveaError `FILE`, naming the path, when it is missing, a folder, or not readable
 */
export async function readFileOrThrow(path: string | URL): Promise<Uint8Array> {
  try {
    const bytes = await readFile(path);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (cause) {
    throw fileError('read', String(path), cause);
  }
}

/**
 * Opens a file for `use`, which reads parts of it.
 *
 * @throws FoveaError `FILE`, naming the path, when it is missing, a folder, or not readable
 */
export async function withFile<T>(
  path: string,
  use: (source: ByteSource) => T | Promise<T>,
): Promise<T> {
  const attempt = <R>(fn: () => R): R => {
    try {
      return fn();
    } catch (cause) {
      throw fileError('read', path, cause);
    }
  };
  const file = attempt(() => openSync(path, 'r'));
  try {
    const { size } = attempt(() => fstatSync(file));
    const fill = (target: Uint8Array, at: number): void => {
      for (let done = 0; done < target.length;) {
        const got = attempt(() => readSync(file, target, done, target.length - done, at + done));
        if (got === 0) {
          throw new FoveaError('FILE', `Cannot read ${path}: it became shorter meanwhile.`);
        }
        done += got;
      }
    };
    return await use({ length: size, fill });
  } finally {
    closeSync(file);
  }
}

/**
 * The first bytes of a file; fewer when it is shorter.
 *
 * @throws FoveaError `FILE`, naming the path, when it is missing, a folder, or not readable
 */
export async function readStart(path: string, count: number): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      const bytes = new Uint8Array(count);
      const { bytesRead } = await file.read(bytes, 0, count, 0);
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw fileError('read', path, cause);
  }
}

/** Whether there is a folder at a path. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The path of a file in the folder of another. */
export function nextTo(path: string, name: string): string {
  return join(dirname(path), name);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

/** What happened to a file, in words. */
export function fileError(verb: string, path: string, cause: unknown): FoveaError {
  const code = codeOf(cause);
  const reason = reasons[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new FoveaError('FILE', `Cannot ${verb} ${path}: ${reason}.`, {
    cause,
    ...(code === 'ENOENT' && {
      hint: `Check the spelling; the current folder is ${process.cwd()}`,
    }),
  });
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}
