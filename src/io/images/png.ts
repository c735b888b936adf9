import { PNG, type ColorType } from 'pngjs';
import { FoveaError } from '../../errors.js';
import { checkDeclaredSize, checkImage } from './check.js';
import type { Image } from './image.js';

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const greyColourType = 0;

/** Whether the bytes begin as a PNG file does. */
export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

/**
 * Decodes a PNG file. Palettes are expanded, 16 bits become 8 (`round(v * 255 / 65535)`), grey
 * files give one channel, and there is alpha only where the file has it.
 *
 * @throws FoveaError `FILE` when the file is truncated or corrupt
 */
export function decodePng(bytes: Uint8Array): Image {
  checkHeader(bytes);
  let png;
  try {
    png = PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FoveaError('FILE', `The PNG is truncated or corrupt (${reason}).`, {
      cause,
      hint: 'Fetch or export the file again.',
    });
  }
  const { width, height, data } = png;
  // pngjs always widens to RGBA: keep the channels that the file had.
  const channels = png.alpha ? 4 : png.colorType === greyColourType ? 1 : 3;
  return { width, height, channels, data: firstChannels(data, width * height, channels) };
}

/** Encodes an image as a PNG file: grey, RGB or RGBA as the image is, 8 bits. */
export function encodePng(image: Image): Uint8Array {
  checkImage(image);
  const { width, height, channels, data } = image;
  const colorType: ColorType = channels === 1 ? 0 : channels === 3 ? 2 : 6;
  const options = { colorType, inputColorType: colorType, inputHasAlpha: channels === 4 };
  const png = new PNG({ ...options });
  png.width = width;
  png.height = height;
  png.data = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(PNG.sync.write(png, options));
}

/** Checks the declared size before anything of that size is allocated. */
function checkHeader(bytes: Uint8Array): void {
  if (bytes.length < 33) {
    throw new FoveaError('FILE', `The PNG is truncated: it has only ${bytes.length} bytes.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  checkDeclaredSize('PNG', width, height);
  // Deflate cannot shrink below 1 : 1032, so a small file that declares a large picture is corrupt.
  const leastBits = width * height * view.getUint8(24);
  if (leastBits / 8 > bytes.length * 1040) {
    throw new FoveaError(
      'FILE',
      `The PNG is truncated or corrupt: ${bytes.length} bytes cannot hold ${width} x ${height} pixels.`,
    );
  }
}

function firstChannels(rgba: Uint8Array, pixels: number, channels: 1 | 3 | 4): Uint8Array {
  if (channels === 4) return new Uint8Array(rgba);
  const data = new Uint8Array(pixels * channels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let c = 0; c < channels; c++) data[pixel * channels + c] = rgba[pixel * 4 + c]!;
  }
  return data;
}
