import { FoveaError } from '../../errors.js';
import { formatShape } from '../../shape.js';
import { checkImage } from './check.js';
import type { Image } from './image.js';

/** How a picture is brought to another size. */
export type ResizeMethod = 'nearest' | 'bilinear' | 'bicubic' | 'area';

/** Height and width. */
export type Size = readonly [height: number, width: number];

/** How much a sample at distance `x` counts, and up to which distance any does. */
interface Filter {
  readonly reach: number;
  readonly weight: (x: number) => number;
}

const TRIANGLE: Filter = { reach: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) };
/** Keys's cubic with a = -1/2, as TensorFlow and Pillow have it. */
const CUBIC: Filter = {
  reach: 2,
  weight: (signed) => {
    const x = Math.abs(signed);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
  },
};

/** Without antialiasing, TensorFlow looks the cubic up in a table of so many steps a sample. */
const TABLE = 1024;

/** The samples that one sample of the result is made of, and how much each counts. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * A picture in another size, as Pillow's `resize` makes it: samples stay whole numbers of 0 to 255,
 * also between the two passes, and the filters widen when a picture shrinks. Widths are done before
 * heights, as in Pillow 11; Pillow 13 turns that round for some sizes, which can be seen where
 * 'bicubic' exceeds 0 to 255. 'area' is TensorFlow's, rounded. Alpha is treated as any channel.
 *
 * @param size height and width of the result
 * @param options `method`: default 'bilinear'
 * @throws FoveaError `ARGUMENT` for a size or a method that there is not
 */
export function resizeImage(
  image: Image,
  size: Size,
  { method = 'bilinear' }: { readonly method?: ResizeMethod } = {},
): Image {
  check('resizeImage', image, size, method);
  const { channels } = image;
  const [height, width] = size;
  const across = tapsOf(method, image.width, width, true);
  const down = tapsOf(method, image.height, height, true);
  // A pass over a side that stays as it is would change nothing.
  const wide =
    width === image.width ? image.data : toBytes(horizontal(image, image.data, wholes(across)));
  const data =
    height === image.height ? wide : toBytes(vertical(wide, width * channels, wholes(down)));
  return { width, height, channels, data: data === image.data ? data.slice() : data };
}

/**
 * A picture in another size, as TensorFlow's `tf.image.resize` makes it: neither rounded nor
 * clamped; 'bicubic' exceeds 0 to 255 at sharp edges.
 *
 * @param size height and width of the result
 * @param options `method`: default 'bilinear'; `antialias`: whether the filters of 'bilinear' and
 *   'bicubic' widen when a picture shrinks, default false as in TensorFlow
 * @returns values [height, width, channels]
 * @throws FoveaError `ARGUMENT` for a size or a method that there is not
 */
export function resizeValues(
  image: Image,
  size: Size,
  options: { readonly method?: ResizeMethod; readonly antialias?: boolean } = {},
): Float32Array {
  const { method = 'bilinear', antialias = false } = options;
  check('resizeValues', image, size, method);
  const [height, width] = size;
  const across = tapsOf(method, image.width, width, antialias);
  const down = tapsOf(method, image.height, height, antialias);
  const wide = horizontal(image, image.data, across);
  return Float32Array.from(vertical(wide, width * image.channels, down));
}

/**
 * The square in the middle of a picture.
 *
 * @param fraction of the shorter side that the square has: above 0, up to 1
 * @throws FoveaError `ARGUMENT` for another fraction
 */
export function centralCrop(image: Image, fraction: number): Image {
  checkImage(image);
  if (!(fraction > 0 && fraction <= 1)) {
    throw new FoveaError(
      'ARGUMENT',
      `centralCrop: the fraction must be above 0 and at most 1, received ${fraction}.`,
    );
  }
  const { width, height, channels } = image;
  const side = Math.max(1, Math.floor(Math.min(width, height) * fraction));
  const top = Math.floor((height - side + 1) / 2);
  const left = Math.floor((width - side + 1) / 2);
  const data = new Uint8Array(side * side * channels);
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * channels;
    data.set(image.data.subarray(from, from + side * channels), y * side * channels);
  }
  return { width: side, height: side, channels, data };
}

function check(where: string, image: Image, size: Size, method: ResizeMethod): void {
  checkImage(image);
  const [height, width] = size;
  const isSize = (n: number): boolean => Number.isInteger(n) && n > 0;
  // More is no picture for a network, and a mistake would take all memory.
  if (!isSize(height) || !isSize(width) || width * height > 2 ** 28) {
    throw new FoveaError(
      'ARGUMENT',
      `${where}: the size must be [height, width] of 1 to ${2 ** 28} pixels together, received ` +
        `${formatShape(size)}.`,
    );
  }
  if (['nearest', 'bilinear', 'bicubic', 'area'].includes(method)) return;
  throw new FoveaError('ARGUMENT', `${where}: there is no method '${method as string}'.`, {
    hint: "The methods are 'nearest', 'bilinear', 'bicubic' and 'area'.",
  });
}

/** For each place on a side of `to` samples, what it is made of on the side of `from`. */
function tapsOf(method: ResizeMethod, from: number, to: number, antialias: boolean): Taps[] {
  const step = from / to;
  return Array.from({ length: to }, (_, i) => {
    if (method === 'nearest') {
      return { first: Math.min(Math.floor((i + 0.5) * step), from - 1), weights: [1] };
    }
    if (method === 'area') return areaTaps(i * step, (i + 1) * step, from);
    const center = (i + 0.5) * step;
    if (method === 'bilinear')
      return filterTaps(TRIANGLE, center, antialias ? Math.max(step, 1) : 1, from);
    if (antialias) return filterTaps(CUBIC, center, Math.max(step, 1), from);
    return filterTaps(CUBIC, Math.round((center - 0.5) * TABLE) / TABLE + 0.5, 1, from);
  });
}

/** Samples count by how much of them is between `start` and `end`. */
function areaTaps(start: number, end: number, from: number): Taps {
  const first = Math.floor(start);
  const last = Math.min(Math.ceil(end), from);
  const shares = Array.from({ length: last - first }, (_, k) =>
    Math.max(0, Math.min(first + k + 1, end) - Math.max(first + k, start)),
  );
  return { first, weights: normalized(shares) };
}

/** Samples beyond the edge count nothing, and the others more. */
function filterTaps({ reach, weight }: Filter, center: number, scale: number, from: number): Taps {
  const first = Math.max(0, Math.floor(center - reach * scale + 0.5));
  const end = Math.min(from, Math.floor(center + reach * scale + 0.5));
  const weights = Array.from({ length: Math.max(end - first, 1) }, (_, k) =>
    weight((first + k + 0.5 - center) / scale),
  );
  return { first: Math.min(first, from - 1), weights: normalized(weights) };
}

function normalized(weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((each) => each / sum);
}

/** Pillow's weights: multiples of 2^-22. */
const FRACTION = 2 ** 22;

function wholes(taps: readonly Taps[]): Taps[] {
  return taps.map(({ first, weights }) => ({
    first,
    weights: weights.map((each) => Math.trunc(each * FRACTION + 0.5 * Math.sign(each)) / FRACTION),
  }));
}

function toBytes(values: Float64Array): Uint8Array {
  return Uint8Array.from(values, (value) => Math.min(Math.max(Math.floor(value + 0.5), 0), 255));
}

function horizontal(
  { width, height, channels }: Image,
  data: Uint8Array,
  taps: readonly Taps[],
): Float64Array {
  const out = new Float64Array(height * taps.length * channels);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (const { first, weights } of taps) {
      const from = (y * width + first) * channels;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++)
          sum += weights[k]! * data[from + k * channels + c]!;
        out[at++] = sum;
      }
    }
  }
  return out;
}

/** @param row samples of a row */
function vertical(
  data: Float64Array | Uint8Array,
  row: number,
  taps: readonly Taps[],
): Float64Array {
  const out = new Float64Array(taps.length * row);
  for (const [y, { first, weights }] of taps.entries()) {
    for (const [k, weight] of weights.entries()) {
      const from = (first + k) * row;
      for (let i = 0; i < row; i++) out[y * row + i]! += weight * data[from + i]!;
    }
  }
  return out;
}
