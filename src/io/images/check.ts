import { FoveaError } from '../../errors.js';
import type { Image } from './image.js';

/** More pixels than any picture a network is given; what declares more is taken for corrupt. */
const maxPixels = 2 ** 28;

/** Throws unless a file's declared size is one that can be decoded. */
export function checkDeclaredSize(format: string, width: number, height: number): void {
  if (width > 0 && height > 0 && width * height <= maxPixels) return;
  throw new FoveaError(
    'FILE',
    `The ${format} declares ${width} x ${height} pixels; 1 to ${maxPixels} are allowed.`,
    { hint: 'The file is corrupt, or must be made smaller first.' },
  );
}

/** Throws unless an image's fields agree with each other. */
export function checkImage(image: Image): void {
  const { width, height, channels, data } = image;
  const whole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (whole && data.length === width * height * channels) return;
  throw new FoveaError(
    'ARGUMENT',
    `An image of ${width} x ${height} pixels and ${channels} channels needs ` +
      `${width * height * channels} samples (and at least one pixel), received ${data.length}.`,
  );
}
