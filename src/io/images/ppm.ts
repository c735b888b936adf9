import { FoveaError } from '../../errors.js';
import type { Image } from './image.js';

/** Whether bytes begin as a binary PPM file does. */
export function isPpm(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x36 && /\s/.test(String.fromCharCode(bytes[2] ?? 0));
}

/** The header: numbers, apart by blanks and comments, and one blank before the samples. */
const HEADER = /^P6(?:\s+#[^\n]*\n|\s)+(\d+)(?:\s+#[^\n]*\n|\s)+(\d+)(?:\s+#[^\n]*\n|\s)+(\d+)\s/;
const MAX_HEADER = 4096;

/**
 * Decodes a binary PPM file of 8-bit samples. Format: https://netpbm.sourceforge.net/doc/ppm.html
 *
 * @throws FoveaError `FILE` for another number of levels, and when it is truncated
 */
export function decodePpm(bytes: Uint8Array): Image {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, MAX_HEADER));
  const match = HEADER.exec(start);
  if (!match) throw new FoveaError('FILE', 'Not a PPM picture: its header is damaged.');
  const [width, height, levels] = match.slice(1).map(Number) as [number, number, number];
  if (levels !== 255) {
    throw new FoveaError(
      'FILE',
      `A PPM picture with ${levels + 1} levels cannot be read; 256 can.`,
    );
  }
  const size = width * height * 3;
  const data = bytes.subarray(match[0].length, match[0].length + size);
  if (size === 0 || data.length < size) {
    throw new FoveaError(
      'FILE',
      `The PPM picture of ${width} x ${height} pixels is truncated: ${data.length} of ${size} bytes.`,
    );
  }
  return { width, height, channels: 3, data: Uint8Array.from(data) };
}
