import { FoveaError } from '../../errors.js';
import { readBytes, type ByteSource } from './source.js';

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const HEAP_SIGNATURE = [0x47, 0x43, 0x4f, 0x4c, 1];
/** Bytes that are searched at a time. */
const WINDOW = 2 ** 20;

/**
 * Checks what the HDF5 library does not: the begin of the file, and the global heaps, which hold the
 * texts of variable length. The library loops for ever in a heap with an empty free object.
 *
 * Format: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html (III.E)
 *
 * @throws FoveaError `FILE`
 */
export function checkHdf5(source: ByteSource): void {
  const start = readBytes(source, 0, 48);
  if (!matches(start, 0, SIGNATURE) || start.length < 48) throw invalid('it does not begin as one');
  const version = start[8]!;
  const widths = version < 2 ? start.subarray(13, 15) : start.subarray(9, 11);
  if (version > 3) throw invalid(`its superblock has version ${version}`);
  if (widths.some((width) => width !== 8)) {
    throw invalid(`its addresses and sizes have ${widths.join(' and ')} bytes, not 8`);
  }
  const first = HEAP_SIGNATURE[0]!;
  // A signature may begin at the end of the window.
  const buffer = new Uint8Array(WINDOW + HEAP_SIGNATURE.length - 1);
  for (let window = 0; window < source.length; window += WINDOW) {
    const bytes = buffer.subarray(0, source.length - window);
    source.fill(bytes, window);
    for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
      if (matches(bytes, at, HEAP_SIGNATURE)) checkHeap(source, window + at);
    }
  }
}

function checkHeap(source: ByteSource, start: number): void {
  const room = source.length - start;
  const size = room >= 16 ? number(readBytes(source, start, 16), 8) : Infinity;
  if (size > room || size < 16) throw invalid(`the heap at byte ${start} has ${size} bytes`);
  const heap = readBytes(source, start, size);
  let at = 16;
  while (at + 16 <= size) {
    const bytes = number(heap, at + 8);
    const isFree = heap[at] === 0 && heap[at + 1] === 0;
    const step = isFree ? bytes : 16 + Math.ceil(bytes / 8) * 8;
    if (step === 0 || at + step > size) {
      throw invalid(`the heap object at byte ${start + at} has ${bytes} bytes`);
    }
    at += step;
  }
}

/** Eight bytes as a number. */
function number({ buffer, byteOffset }: Uint8Array, at: number): number {
  return Number(new DataView(buffer, byteOffset).getBigUint64(at, true));
}

function matches(bytes: Uint8Array, at: number, signature: readonly number[]): boolean {
  return signature.every((byte, i) => bytes[at + i] === byte);
}

function invalid(reason: string): FoveaError {
  return new FoveaError('FILE', `Not a usable HDF5 file: ${reason}.`);
}
