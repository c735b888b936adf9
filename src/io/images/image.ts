import { FoveaError } from '../../errors.js';
import { readFileOrThrow, writeFileAtomic } from '../files.js';
import { exifOrientation, orient } from './exif.js';
import { decodeJpeg, encodeJpeg, isJpeg } from './jpeg.js';
import { decodePng, encodePng, isPng } from './png.js';
import { decodePpm, isPpm } from './ppm.js';

/** A picture of 8-bit samples: row-major, channels last (HWC), `data.length = height * width * channels`. */
export interface Image {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 RGB, 4 RGB with straight (not premultiplied) alpha. */
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array;
}

/** How pictures are decoded. */
export interface DecodeOptions {
  /**
   * Whether a JPEG is turned as its EXIF orientation says, as all viewers do. TensorFlow and Keras
   * do not: false gives what they give. Default true.
   */
  readonly applyOrientation?: boolean;
}

/**
 * Decodes a PNG, JPEG or binary PPM file, told apart by its first bytes. Colour profiles are not applied.
 *
 * @throws FoveaError `FILE` when the bytes are none of these, truncated or corrupt
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<Image> {
  if (isPng(bytes)) return decodePng(bytes);
  if (isPpm(bytes)) return decodePpm(bytes);
  if (isJpeg(bytes)) {
    const image = await decodeJpeg(bytes);
    return options.applyOrientation === false ? image : orient(image, exifOrientation(bytes));
  }
  const start = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0'));
  throw new FoveaError(
    'FILE',
    `Not a PNG or JPEG picture: ${bytes.length} bytes, beginning with [${start.join(' ')}].`,
    { hint: 'Convert the picture to PNG or JPEG first.' },
  );
}

/**
 * Reads a PNG or JPEG file.
 *
 * @throws FoveaError `FILE`, naming the path, when it cannot be read or decoded
 */
export async function readImage(path: string | URL, options: DecodeOptions = {}): Promise<Image> {
  const bytes = await readFileOrThrow(path);
  try {
    return await decodeImage(bytes, options);
  } catch (error) {
    if (!(error instanceof FoveaError)) throw error;
    throw new FoveaError(error.code, `${String(path)}: ${error.message}`, { cause: error });
  }
}

/** Writes a PNG file (grey, RGB or RGBA as the image is); it appears whole or not at all. */
export async function writePng(path: string, image: Image): Promise<void> {
  await writeFileAtomic(path, encodePng(image));
}

/**
 * Writes a baseline JPEG file; it appears whole or not at all. Alpha is dropped.
 *
 * @param options `quality` 1 to 100, default 90
 */
export async function writeJpeg(
  path: string,
  image: Image,
  options: { readonly quality?: number } = {},
): Promise<void> {
  await writeFileAtomic(path, encodeJpeg(image, options.quality ?? 90));
}

/** One channel: luma by ITU-R 601 in 16-bit fixed point (equal to Pillow's `convert('L')`); alpha is dropped. */
export function toGray(image: Image): Image {
  if (image.channels === 1) return image;
  const { width, height, channels, data } = image;
  const gray = new Uint8Array(width * height);
  for (let pixel = 0; pixel < gray.length; pixel++) {
    const at = pixel * channels;
    gray[pixel] = (data[at]! * 19595 + data[at + 1]! * 38470 + data[at + 2]! * 7471 + 0x8000) >> 16;
  }
  return { width, height, channels: 1, data: gray };
}

/** Three channels: grey is replicated, alpha is dropped without blending, as TensorFlow does. */
export function toRgb(image: Image): Image {
  if (image.channels === 3) return image;
  const { width, height, channels, data } = image;
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < 3; c++) {
      rgb[pixel * 3 + c] = data[pixel * channels + (channels === 1 ? 0 : c)]!;
    }
  }
  return { width, height, channels: 3, data: rgb };
}
