import { FoveaError } from '../errors.js';
import type { Image } from '../io/images/image.js';
import { diverging, type Rgb } from './palette.js';
import { finiteRange, heatmap, imageGrid, normalise, symmetricRange } from './raster.js';

/** Neither white, which means zero in a filter, nor a colour of the maps; fits light and dark pages. */
const gapColor: Rgb = [120, 126, 134];

/**
 * One picture per output channel of a convolution's weights [kh, kw, ci, co]. All share one scale
 * with zero in its middle. Three input channels are shown as colour (grey is zero); otherwise each
 * input channel is a blue-white-red map, and a filter with several shows them in a square.
 *
 * @throws FoveaError `ARGUMENT` when shape and weights disagree
 */
export function filterTiles(
  weights: Float32Array,
  shape: readonly [number, number, number, number],
): Image[] {
  checkCount('filterTiles', weights, shape);
  const [kh, kw, ci, co] = shape;
  const range = symmetricRange(weights);
  const slice = (input: number, output: number) =>
    Float32Array.from({ length: kh * kw }, (_, i) => weights[(i * ci + input) * co + output]!);
  return Array.from({ length: co }, (_, output) => {
    if (ci === 3) {
      const rgb = Float32Array.from({ length: kh * kw * 3 }, (_, i) => weights[i * co + output]!);
      return colorTile(rgb, kh, kw, range);
    }
    const slices = Array.from({ length: ci }, (_, input) =>
      heatmap(slice(input, output), kh, kw, { map: diverging, range }),
    );
    return ci === 1 ? slices[0]! : imageGrid(slices, { gap: 1, background: gapColor });
  });
}

/** The pictures of `filterTiles` in one grid, each enlarged to about 40 pixels. */
export function filterImages(
  weights: Float32Array,
  shape: readonly [number, number, number, number],
): Image {
  return tileGrid(filterTiles(weights, shape), 40);
}

/**
 * One viridis picture per channel of a layer's output [h, w, c].
 *
 * @param options `sharedRange`: one scale for all channels, so that they can be compared; by default
 *   each channel is scaled to its own range, so that its pattern can be seen
 * @throws FoveaError `ARGUMENT` when shape and values disagree
 */
export function activationTiles(
  values: Float32Array,
  shape: readonly [number, number, number],
  options: { readonly sharedRange?: boolean } = {},
): Image[] {
  checkCount('activationTiles', values, shape);
  const [h, w, c] = shape;
  const shared = finiteRange(values);
  return Array.from({ length: c }, (_, channel) => {
    const plane = Float32Array.from({ length: h * w }, (_, i) => values[i * c + channel]!);
    return heatmap(plane, h, w, options.sharedRange === true ? { range: shared } : {});
  });
}

/** The pictures of `activationTiles` in one grid, each enlarged to about 64 pixels. */
export function activationImages(
  values: Float32Array,
  shape: readonly [number, number, number],
  options: { readonly sharedRange?: boolean } = {},
): Image {
  return tileGrid(activationTiles(values, shape, options), 64);
}

function tileGrid(tiles: readonly Image[], target: number): Image {
  const side = Math.max(...tiles.map((tile) => Math.max(tile.width, tile.height)));
  return imageGrid(tiles, {
    scale: Math.max(1, Math.round(target / side)),
    gap: 4,
    background: gapColor,
  });
}

function colorTile(
  rgb: Float32Array,
  height: number,
  width: number,
  range: readonly [number, number],
): Image {
  const data = Uint8Array.from(normalise(rgb, range), (value) => Math.round(value * 255));
  return { width, height, channels: 3, data };
}

function checkCount(name: string, values: Float32Array, shape: readonly number[]): void {
  const count = shape.reduce((product, size) => product * size, 1);
  if (count === values.length && count > 0) return;
  throw new FoveaError(
    'ARGUMENT',
    `${name}: shape [${shape.join(', ')}] needs ${count} values (at least one), ` +
      `received ${values.length}.`,
  );
}
