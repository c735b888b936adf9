import { readImage, toRgb, type Image } from './image.js';
import { centralCrop, resizeImage, type ResizeMethod, type Size } from './resize.js';

/** How a picture is made ready for a network. */
export interface Fit {
  readonly size: Size;
  readonly resize: ResizeMethod;
  /** Share of the shorter side that is cut out of the middle, as a square; 1: all is taken. */
  readonly cropFraction: number;
  /** The longer side of the small picture to show; without it there is none. */
  readonly thumbnail?: number | undefined;
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
  return { ...fitted, thumbnail: thumbnailOf(toRgb(image), fit.thumbnail) };
}

function thumbnailOf(image: Image, side: number): Image {
  const { width, height } = image;
  const scale = Math.min(1, side / Math.max(width, height));
  const sides = [height, width].map((n) => Math.max(1, Math.round(n * scale)));
  return resizeImage(image, sides as [number, number]);
}
