import { readImage, toRgb, type Image } from './image.js';
import { centralCrop, resizeImage, resizeValues, type ResizeMethod, type Size } from './resize.js';

/** How a picture is made ready for a network. */
export interface Fit {
  readonly size: Size;
  readonly resize: ResizeMethod;
  /** Share of the shorter side that is cut out of the middle, as a square; 1: all is taken. */
  readonly cropFraction: number;
  /** The longer side of the small picture to show; without it there is none. */
  readonly thumbnail?: number | undefined;
}

/** How Keras makes the pictures of a folder ready. */
export interface KerasFit {
  readonly size: Size;
  readonly resize: ResizeMethod;
  /** Whether the largest part in the middle that has the proportions of `size` is cut out first. */
  readonly cropToAspectRatio: boolean;
  /** 1: grey, 3: RGB. */
  readonly channels: 1 | 3;
}

/** A picture that is ready for a network. */
export interface Fitted {
  /** RGB. */
  readonly image: Image;
  /** The whole picture, for people. */
  readonly thumbnail?: Image;
}

/** RGB, cropped, in the size of a network. */
export function fitImage(image: Image, { size, resize, cropFraction }: Fit): Image {
  const rgb = toRgb(image);
  const part = cropFraction < 1 ? centralCrop(rgb, cropFraction) : rgb;
  return resizeImage(part, size, { method: resize });
}

/**
 * Reads a picture and makes it ready for a network.
 *
 * @throws FoveaError `FILE`, naming the path, when it cannot be read or decoded
 */
export async function readFitted(path: string, fit: Fit): Promise<Fitted> {
  const image = await readImage(path);
  const fitted = { image: fitImage(image, fit) };
  if (fit.thumbnail === undefined) return fitted;
  return { ...fitted, thumbnail: thumbnail(toRgb(image), fit.thumbnail) };
}

/**
 * Reads a picture as Keras's `image_dataset_from_directory` does: as it is stored, whatever its EXIF
 * orientation says, and resized by TensorFlow's rule, but rounded to 0..255.
 *
 * @throws FoveaError `FILE`, naming the path, when it cannot be read or decoded
 */
export async function readAsKeras(path: string, fit: KerasFit): Promise<Image> {
  const { size, resize, cropToAspectRatio, channels } = fit;
  const stored = await readImage(path, { applyOrientation: false });
  const image = channels === 1 ? grayOf(stored) : toRgb(stored);
  const part = cropToAspectRatio ? smartCrop(image, size) : image;
  const [height, width] = size;
  if (part.height === height && part.width === width) return part;
  const values = resizeValues(part, size, { method: resize });
  return { width, height, channels, data: new Uint8Array(Uint8ClampedArray.from(values).buffer) };
}

/** Luma as libpng has it, rounded down: what TensorFlow makes of a colour PNG. */
function grayOf(image: Image): Image {
  if (image.channels === 1) return image;
  const { width, height, channels, data } = image;
  const gray = Uint8Array.from({ length: width * height }, (_, pixel) => {
    const at = pixel * channels;
    return (data[at]! * 9797 + data[at + 1]! * 19234 + data[at + 2]! * 3737) >> 15;
  });
  return { width, height, channels: 1, data: gray };
}

/** The largest part in the middle that has the proportions of a size: Keras's rule for rounding. */
function smartCrop(image: Image, [height, width]: Size): Image {
  const limit = (value: number, most: number): number =>
    Math.max(1, Math.min(most, Math.trunc(value)));
  const rows = limit((image.width * height) / width, image.height);
  const columns = limit((image.height * width) / height, image.width);
  const top = Math.trunc((image.height - rows) / 2);
  const left = Math.trunc((image.width - columns) / 2);
  const { channels } = image;
  const data = new Uint8Array(rows * columns * channels);
  for (let y = 0; y < rows; y++) {
    const from = ((top + y) * image.width + left) * channels;
    data.set(image.data.subarray(from, from + columns * channels), y * columns * channels);
  }
  return { width: columns, height: rows, channels, data };
}

/** A small copy of a picture, with at most so many pixels on its longer side. */
export function thumbnail(image: Image, side: number): Image {
  const { width, height } = image;
  const scale = Math.min(1, side / Math.max(width, height));
  const sides = [height, width].map((n) => Math.max(1, Math.round(n * scale)));
  return resizeImage(image, sides as [number, number]);
}
