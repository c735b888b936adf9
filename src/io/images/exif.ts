import type { Image } from './image.js';

const ORIENTATION = 0x0112;
const SHORT = 3;

/**
 * The EXIF orientation of a JPEG file: 1 (as stored) to 8. It is 1 where the file says nothing, or
 * nothing that can be understood: a picture is not lost for that.
 */
export function exifOrientation(jpeg: Uint8Array): number {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  let at = 2;
  while (at + 4 <= jpeg.length && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    // The pixels begin: what comes then is not searched.
    if (marker === 0xda) return 1;
    const end = at + 2 + view.getUint16(at + 2);
    const isExif = marker === 0xe1 && text(jpeg, at + 4, 6) === 'Exif\0\0';
    if (isExif && end <= jpeg.length) {
      return orientationIn(new DataView(jpeg.buffer, jpeg.byteOffset + at + 10, end - at - 10));
    }
    at = end;
  }
  return 1;
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

/** @param tiff what follows 'Exif\0\0': a TIFF file */
function orientationIn(tiff: DataView): number {
  const bytes = tiff.byteLength;
  if (bytes < 8) return 1;
  const little = tiff.getUint16(0) === 0x4949;
  const directory = tiff.getUint32(4, little);
  if (directory + 2 > bytes) return 1;
  const count = tiff.getUint16(directory, little);
  for (let i = 0; i < count; i++) {
    const at = directory + 2 + 12 * i;
    if (at + 12 > bytes) return 1;
    if (tiff.getUint16(at, little) !== ORIENTATION) continue;
    const value = tiff.getUint16(at + 8, little);
    return tiff.getUint16(at + 2, little) === SHORT && value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** A picture as it is to be looked at, from the picture as it is stored. */
export function orient(image: Image, orientation: number): Image {
  if (orientation === 1) return image;
  const { width, height, channels, data } = image;
  // From 5 on rows and columns change places; then it is mirrored, or not, in each direction.
  const isTurned = orientation >= 5;
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBottom = [3, 4, 6, 7].includes(orientation);
  const [w, h] = isTurned ? [height, width] : [width, height];
  const out = new Uint8Array(data.length);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const [column, row] = isTurned ? [y, x] : [x, y];
      const fromX = fromRight ? width - 1 - column : column;
      const fromY = fromBottom ? height - 1 - row : row;
      const from = (fromY * width + fromX) * channels;
      for (let c = 0; c < channels; c++) out[(y * w + x) * channels + c] = data[from + c]!;
    }
  }
  return { width: w, height: h, channels, data: out };
}
