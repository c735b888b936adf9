import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FoveaError } from '../errors.js';

let temporaryCount = 0;

/**
 * Writes a file so that no reader ever sees half of it: the bytes go to a temporary name in the
 * same folder, which is then renamed. Missing parent folders are made. On failure the temporary
 * file is removed and an existing file at `path` is left as it was.
 *
 * @param content bytes, or text to be written as UTF-8
 * @throws FoveaError `FILE` when the file cannot be written
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  temporaryCount += 1;
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${temporaryCount}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError('write', path, cause);
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

function fileError(verb: string, path: string, cause: unknown): FoveaError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason = reasons[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new FoveaError('FILE', `Cannot ${verb} ${path}: ${reason}.`, {
    cause,
    ...(code === 'ENOENT' && {
      hint: `Check the spelling; the current folder is ${process.cwd()}`,
    }),
  });
}
