import { FoveaError } from '../../errors.js';

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const HEAP_SIGNATURE = [0x47, 0x43, 0x4f, 0x4c, 1];

/**
 * Checks what the HDF5 library does not: the begin of the file, and the global heaps, which hold the
 * texts of variable length. The library loops for ever in a heap with an empty free object.
 *
 * Format: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html (III.E)
 *
 * @throws FoveaError `FILE`
 */
export function checkHdf5(bytes: Uint8Array): void {
  if (!matches(bytes, 0, SIGNATURE) || bytes.length < 48) throw invalid('it does not begin as one');
  const version = bytes[8]!;
  const widths = version < 2 ? bytes.subarray(13, 15) : bytes.subarray(9, 11);
  if (version > 3) throw invalid(`its superblock has version ${version}`);
  if (widths.some((width) => width !== 8)) {
    throw invalid(`its addresses and sizes have ${widths.join(' and ')} bytes, not 8`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = HEAP_SIGNATURE[0]!;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (matches(bytes, at, HEAP_SIGNATURE)) checkHeap(view, at);
  }
}

function checkHeap(view: DataView, start: number): void {
  const room = view.byteLength - start;
  const size = room >= 16 ? Number(view.getBigUint64(start + 8, true)) : Infinity;
  if (size > room || size < 16) throw invalid(`the heap at byte ${start} has ${size} bytes`);
  const end = start + size;
  let at = start + 16;
  while (at + 16 <= end) {
    const bytes = Number(view.getBigUint64(at + 8, true));
    const isFree = view.getUint16(at, true) === 0;
    const step = isFree ? bytes : 16 + Math.ceil(bytes / 8) * 8;
    if (step === 0 || at + step > end) {
      throw invalid(`the heap object at byte ${at} has ${bytes} bytes`);
    }
    at += step;
  }
}

function matches(bytes: Uint8Array, at: number, signature: readonly number[]): boolean {
  return signature.every((byte, i) => bytes[at + i] === byte);
}

function invalid(reason: string): FoveaError {
  return new FoveaError('FILE', `Not a usable HDF5 file: ${reason}.`);
}
