import { inflateSync, zipSync } from 'fflate';
import { FoveaError } from '../../errors.js';
import { checkMemberName } from './names.js';
import { crc32 } from './crc32.js';

/** A member as the directory of the archive describes it. */
interface Member {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  /** Where its local header begins. */
  readonly offset: number;
}

const DIRECTORY_END = 0x06054b50;
const DIRECTORY_END_64 = 0x06064b50;
const DIRECTORY_END_64_LOCATOR = 0x07064b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
/** DEFLATE cannot expand by more: 258 bytes from 2 bits. */
const MAX_EXPANSION = 1032;

/**
 * Reads a ZIP archive: its files by name, in the order of its directory. Stored files are views of
 * `bytes`, deflated ones are unpacked; sizes are checked before and checksums after. Folders are
 * left out.
 *
 * Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 *
 * @throws FoveaError `FILE` when the archive breaks the format, is encrypted or split, uses another
 *   method of compression, or holds a name that leads out of its folder
 */
export function readZip(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const members = readDirectory(bytes, view);
  // Members that overlap could make a small archive expand without bound.
  const packed = members.reduce((sum, { packedBytes }) => sum + packedBytes, 0);
  if (packed > bytes.length) throw invalid(`its members take ${packed} bytes of ${bytes.length}`);
  const files = new Map<string, Uint8Array>();
  for (const member of members) {
    if (files.has(member.name)) throw invalid(`it holds '${member.name}' twice`);
    if (member.name.endsWith('/')) continue;
    files.set(member.name, unpack(bytes, view, member));
  }
  return files;
}

/**
 * The bytes of a ZIP archive whose members are stored, not compressed. Equal entries in equal order
 * give equal bytes: the members carry the date 1980-01-01.
 *
 * @throws FoveaError `ARGUMENT` when a name leads out of its folder, or the archive exceeds 4 GiB
 */
export function writeZip(entries: ReadonlyMap<string, Uint8Array>): Uint8Array {
  let total = 0;
  for (const [name, content] of entries) {
    checkMemberName(name, 'ARGUMENT');
    total += content.length + 2 * name.length + 200;
  }
  if (total >= 2 ** 32) {
    throw new FoveaError(
      'ARGUMENT',
      `A ZIP archive of ${total} bytes is not supported: 4 GiB are.`,
    );
  }
  return zipSync(Object.fromEntries(entries), { level: 0, mtime: new Date(1980, 0, 1) });
}

function readDirectory(bytes: Uint8Array, view: DataView): Member[] {
  const { count, size, offset } = findDirectory(bytes, view);
  if (offset + size > bytes.length || count * 46 > size) {
    throw invalid(`it declares ${count} members in ${size} bytes at byte ${offset}`);
  }
  const members: Member[] = [];
  let at = offset;
  for (let i = 0; i < count; i++) {
    if (at + 46 > offset + size || view.getUint32(at, true) !== DIRECTORY_ENTRY) {
      throw invalid(`its directory has no member at byte ${at}`);
    }
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const end = at + 46 + nameBytes + extraBytes + view.getUint16(at + 32, true);
    if (end > offset + size) throw invalid(`its directory ends within a member`);
    members.push(readMember(bytes, view, at, nameBytes, extraBytes));
    at = end;
  }
  return members;
}

function findDirectory(
  bytes: Uint8Array,
  view: DataView,
): { count: number; size: number; offset: number } {
  const lowest = Math.max(0, bytes.length - 22 - 0xffff);
  for (let at = bytes.length - 22; at >= lowest; at--) {
    if (view.getUint32(at, true) !== DIRECTORY_END) continue;
    if (at + 22 + view.getUint16(at + 20, true) !== bytes.length) continue;
    const end64 = at >= 20 && view.getUint32(at - 20, true) === DIRECTORY_END_64_LOCATOR;
    if (end64) return readDirectoryEnd64(bytes, view, at - 20);
    if (view.getUint32(at + 4, true) !== 0) throw invalid('it is one part of a split archive');
    return {
      count: view.getUint16(at + 10, true),
      size: view.getUint32(at + 12, true),
      offset: view.getUint32(at + 16, true),
    };
  }
  throw invalid('it has no directory at its end');
}

function readDirectoryEnd64(
  bytes: Uint8Array,
  view: DataView,
  locator: number,
): { count: number; size: number; offset: number } {
  const at = uint64(view, locator + 8);
  if (at + 56 > bytes.length || view.getUint32(at, true) !== DIRECTORY_END_64) {
    throw invalid(`its zip64 directory is not at byte ${at}`);
  }
  return {
    count: uint64(view, at + 32),
    size: uint64(view, at + 40),
    offset: uint64(view, at + 48),
  };
}

function readMember(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  nameBytes: number,
  extraBytes: number,
): Member {
  const nameEnd = at + 46 + nameBytes;
  const name = decodeName(bytes.subarray(at + 46, nameEnd));
  const large = zip64Fields(view, nameEnd, nameEnd + extraBytes);
  const field = (offset: number): number => {
    const value = view.getUint32(at + offset, true);
    return value === 0xffffffff ? large() : value;
  };
  const unpackedBytes = field(24);
  const packedBytes = field(20);
  return {
    name,
    flags: view.getUint16(at + 8, true),
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    packedBytes,
    bytes: unpackedBytes,
    offset: field(42),
  };
}

/** The 64-bit numbers of a member, in the order in which its 32-bit fields are exhausted. */
function zip64Fields(view: DataView, begin: number, end: number): () => number {
  let at = begin;
  while (at + 4 <= end && view.getUint16(at, true) !== 1) at += 4 + view.getUint16(at + 2, true);
  const fieldsEnd = at + 4 <= end ? Math.min(end, at + 4 + view.getUint16(at + 2, true)) : 0;
  at += 4;
  return () => {
    if (at + 8 > fieldsEnd) throw invalid('a member lacks its zip64 sizes');
    at += 8;
    return uint64(view, at - 8);
  };
}

function decodeName(raw: Uint8Array): string {
  let name: string;
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch (cause) {
    throw invalid('a member has a name that is not UTF-8', cause);
  }
  checkMemberName(name.replace(/\/$/, ''), 'FILE');
  return name;
}

function unpack(bytes: Uint8Array, view: DataView, member: Member): Uint8Array {
  const { name, method, packedBytes, bytes: size } = member;
  if (member.flags & 1) throw invalid(`'${name}' is encrypted`);
  if (method !== 0 && method !== 8) throw invalid(`'${name}' is packed by method ${method}`);
  if (method === 0 ? size !== packedBytes : size > packedBytes * MAX_EXPANSION) {
    throw invalid(`'${name}' declares ${size} bytes from ${packedBytes} bytes`);
  }
  const { offset } = member;
  if (offset + 30 > bytes.length || view.getUint32(offset, true) !== LOCAL_HEADER) {
    throw invalid(`'${name}' is not at byte ${offset}`);
  }
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packedBytes > bytes.length) throw invalid(`'${name}' ends beyond the file`);
  const packed = bytes.subarray(start, start + packedBytes);
  const content = method === 0 ? packed : inflate(name, packed, size);
  if (crc32(content) !== member.crc) throw invalid(`'${name}' does not match its checksum`);
  return content;
}

function inflate(name: string, packed: Uint8Array, size: number): Uint8Array {
  let content: Uint8Array;
  try {
    // One byte more than declared shows whether there is more than declared.
    content = inflateSync(packed, { out: new Uint8Array(size + 1) });
  } catch (cause) {
    throw invalid(`'${name}' cannot be unpacked`, cause);
  }
  if (content.length !== size) throw invalid(`'${name}' does not have the declared ${size} bytes`);
  return content;
}

/** Beyond 2^53 the number is inexact, and no file is that long. */
function uint64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function invalid(reason: string, cause?: unknown): FoveaError {
  return new FoveaError('FILE', `Not a usable ZIP archive: ${reason}.`, { cause });
}
