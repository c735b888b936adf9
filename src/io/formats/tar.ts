import { FoveaError } from '../../errors.js';

const BLOCK = 512;

/**
 * The regular files of a tar archive by name. Format: POSIX ustar; links and everything else are left out.
 *
 * @throws FoveaError `FILE` when the archive is truncated, or a header is damaged
 */
export function readTar(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const text = (at: number, length: number): string =>
    new TextDecoder().decode(bytes.subarray(at, at + length)).replace(/\0.*$/s, '');
  for (let at = 0; at + BLOCK <= bytes.length;) {
    if (bytes[at] === 0) break;
    const size = parseInt(text(at + 124, 12).trim(), 8);
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new FoveaError(
        'FILE',
        `Not a usable tar archive: the header at byte ${at} is damaged.`,
      );
    }
    const [begin, kind] = [at + BLOCK, bytes[at + 156]!];
    if (begin + size > bytes.length) {
      throw new FoveaError('FILE', `The tar archive is truncated within '${text(at, 100)}'.`);
    }
    const isFile = kind === 0 || kind === '0'.charCodeAt(0);
    if (isFile) files.set(text(at, 100), bytes.subarray(begin, begin + size));
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
