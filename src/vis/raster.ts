import { FoveaError } from '../errors.js';
import { toRgb, type Image } from '../io/images/image.js';
import { viridis, type ColorMap, type Rgb } from './palette.js';

/** Non-finite values are painted in this, so that nobody takes them for data. */
const notANumber: Rgb = [255, 0, 255];

/** Lowest and highest value of a scale. */
export type Range = readonly [low: number, high: number];

/** The range of the finite values; [0, 0] when there are none. */
export function finiteRange(values: Float32Array): Range {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [0, 0] : [low, high];
}

/** The range [-m, m] where m is the largest finite magnitude: puts zero in the middle. */
export function symmetricRange(values: Float32Array): Range {
  const [low, high] = finiteRange(values);
  const most = Math.max(-low, high);
  return [-most, most];
}

/**
 * Values scaled linearly to 0..1 and clamped; NaN stays NaN.
 *
 * @param range what becomes 0 and 1, by default the range of the values; if it is empty, all become 0
 */
export function normalise(values: Float32Array, range: Range = finiteRange(values)): Float32Array {
  const [low, high] = range;
  const scale = high > low ? 1 / (high - low) : 0;
  return values.map((value) => {
    if (Number.isNaN(value)) return NaN;
    return scale === 0 ? 0 : Math.min(Math.max((value - low) * scale, 0), 1);
  });
}

/**
 * Values [height, width] as a picture of one pixel each. Non-finite values come out magenta.
 *
 * @param options `map`: default viridis; `range`: default the range of the values
 * @throws FoveaError `ARGUMENT` when there are not height * width values
 */
export function heatmap(
  values: Float32Array,
  height: number,
  width: number,
  options: { readonly map?: ColorMap; readonly range?: Range } = {},
): Image {
  if (values.length !== height * width) {
    throw new FoveaError(
      'ARGUMENT',
      `heatmap: ${height} x ${width} needs ${height * width} values, received ${values.length}.`,
    );
  }
  const map = options.map ?? viridis;
  const scaled = normalise(values, options.range ?? finiteRange(values));
  const data = new Uint8Array(values.length * 3);
  scaled.forEach((value, i) => {
    data.set(Number.isFinite(values[i]) ? map(value) : notANumber, i * 3);
  });
  return { width, height, channels: 3, data };
}

/** Enlarges by a whole factor, repeating pixels. */
export function upscale(image: Image, factor: number): Image {
  if (!Number.isInteger(factor) || factor < 1) {
    throw new FoveaError('ARGUMENT', `upscale: factor must be 1, 2, ..., received ${factor}.`);
  }
  if (factor === 1) return image;
  const { channels } = image;
  const [width, height] = [image.width * factor, image.height * factor];
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (Math.floor(y / factor) * image.width + Math.floor(x / factor)) * channels;
      data.set(image.data.subarray(from, from + channels), (y * width + x) * channels);
    }
  }
  return { width, height, channels, data };
}

/** An RGB image of one colour. */
export function blank(width: number, height: number, color: Rgb): Image {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at += 3) data.set(color, at);
  return { width, height, channels: 3, data };
}

/** Copies an image into an RGB image, its upper left corner at (left, top). It must fit. */
export function paste(target: Image, image: Image, left: number, top: number): void {
  const { width, height, data } = toRgb(image);
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width * 3, (y + 1) * width * 3);
    target.data.set(row, ((top + y) * target.width + left) * 3);
  }
}

/** How `imageGrid` lays pictures out. */
export interface GridOptions {
  /** Default: the smallest square that holds them all. */
  readonly columns?: number;
  /** Pixels between pictures and around them, after scaling; default 2. */
  readonly gap?: number;
  /** Whole factor by which each picture is enlarged; default 1. */
  readonly scale?: number;
  /** Default white. */
  readonly background?: Rgb;
}

/**
 * Pictures side by side, row by row, as one RGB picture. Cells are as large as the largest picture.
 *
 * @throws FoveaError `ARGUMENT` when there are no pictures or an option is not a whole number
 */
export function imageGrid(images: readonly Image[], options: GridOptions = {}): Image {
  const { columns = Math.ceil(Math.sqrt(images.length)), gap = 2, scale = 1 } = options;
  if (images.length === 0) throw new FoveaError('ARGUMENT', 'imageGrid: no pictures received.');
  if (!Number.isInteger(columns) || columns < 1 || !Number.isInteger(gap) || gap < 0) {
    throw new FoveaError(
      'ARGUMENT',
      `imageGrid: columns must be 1 or more and gap 0 or more, received ${columns} and ${gap}.`,
    );
  }
  const cells = images.map((image) => upscale(image, scale));
  const stepX = Math.max(...cells.map((cell) => cell.width)) + gap;
  const stepY = Math.max(...cells.map((cell) => cell.height)) + gap;
  const across = Math.min(columns, images.length);
  const down = Math.ceil(images.length / across);
  const background = options.background ?? [255, 255, 255];
  const grid = blank(across * stepX + gap, down * stepY + gap, background);
  cells.forEach((cell, i) => {
    paste(grid, cell, gap + (i % across) * stepX, gap + Math.floor(i / across) * stepY);
  });
  return grid;
}
