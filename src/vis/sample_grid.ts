import { FoveaError } from '../errors.js';
import type { Image } from '../io/images/image.js';
import { resizeImage } from '../io/images/resize.js';
import { toRgb } from '../io/images/image.js';
import { drawText, fitText, textHeight } from './canvas.js';
import type { Rgb } from './palette.js';
import { blank, paste, upscale } from './raster.js';

/** A picture and what is written under it. */
export interface Sample {
  readonly image: Image;
  readonly label: string;
}

const PAPER: Rgb = [255, 255, 255];
const INK: Rgb = [30, 34, 40];
const GAP = 10;

/**
 * Samples of a data set with their labels under them, as one picture.
 *
 * @param options `columns`: default the smallest square that holds them all; `side`: the longer side
 *   of pictures, default 128: small ones are enlarged by a whole factor
 * @throws FoveaError `ARGUMENT` when there are no samples, or an option is not a positive integer
 */
export function sampleGrid(
  samples: readonly Sample[],
  options: { readonly columns?: number; readonly side?: number } = {},
): Image {
  const { columns = Math.ceil(Math.sqrt(samples.length)), side = 128 } = options;
  if (samples.length === 0 || ![columns, side].every((n) => Number.isInteger(n) && n > 0)) {
    throw new FoveaError(
      'ARGUMENT',
      'sampleGrid: samples, columns and side must be at least 1, received ' +
        `${samples.length}, ${columns} and ${side}.`,
    );
  }
  const rows = Math.ceil(samples.length / columns);
  const [stepX, stepY] = [side + GAP, side + textHeight + GAP];
  const grid = blank(columns * stepX + GAP, rows * stepY + GAP, PAPER);
  for (const [i, { image, label }] of samples.entries()) {
    const [left, top] = [GAP + (i % columns) * stepX, GAP + Math.floor(i / columns) * stepY];
    const picture = fitted(toRgb(image), side);
    const right = left + ((side - picture.width) >> 1);
    paste(grid, picture, right, top + ((side - picture.height) >> 1));
    drawText(grid, fitText(label, side), [left + side / 2, top + side], INK, 'middle');
  }
  return grid;
}

function fitted(image: Image, side: number): Image {
  const longer = Math.max(image.width, image.height);
  if (longer <= side) return upscale(image, Math.floor(side / longer));
  const size = [image.height, image.width].map((n) => Math.max(1, Math.round((n * side) / longer)));
  return resizeImage(image, size as [number, number]);
}
