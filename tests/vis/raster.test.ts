import { describe, expect, it } from 'vitest';
import type { Image } from '../../src/io/images/image.js';
import { activationTiles, filterImages, filterTiles } from '../../src/vis/maps.js';
import { diverging, okabeIto, parseHex, toHex, viridis } from '../../src/vis/palette.js';
import { heatmap, imageGrid, normalise, upscale } from '../../src/vis/raster.js';

const pixel = (image: Image, x: number, y: number) =>
  Array.from(image.data.subarray((y * image.width + x) * 3, (y * image.width + x) * 3 + 3));

describe('palettes', () => {
  it('viridis has matplotlib’s ends and middle, and grows lighter', () => {
    expect([0, 0.5, 1].map((v) => toHex(viridis(v)))).toEqual(['#440154', '#21918c', '#fde725']);
    const luma = Array.from({ length: 33 }, (_, i) => {
      const [r, g, b] = viridis(i / 32);
      return 0.299 * r + 0.587 * g + 0.114 * b;
    });
    expect(luma).toEqual([...luma].sort((a, b) => a - b));
  });

  it('diverging is blue, white, red; values outside are clamped', () => {
    expect(toHex(diverging(0.5))).toBe('#f7f7f7');
    expect(diverging(-9)).toEqual(parseHex('2166ac'));
    expect(diverging(9)).toEqual(parseHex('b2182b'));
  });

  it('the categorical colours are distinct', () => {
    expect(new Set(okabeIto).size).toBe(7);
  });
});

describe('raster', () => {
  it('normalise: own range, given range, constant, NaN', () => {
    expect(normalise(Float32Array.of(-1, 0, 3))).toEqual(Float32Array.of(0, 0.25, 1));
    expect(normalise(Float32Array.of(-1, 5), [0, 4])).toEqual(Float32Array.of(0, 1));
    expect(normalise(Float32Array.of(2, 2))).toEqual(Float32Array.of(0, 0));
    expect(normalise(Float32Array.of(0, NaN, 1))).toEqual(Float32Array.of(0, NaN, 1));
  });

  it('heatmap puts values at their place and paints NaN magenta', () => {
    const image = heatmap(Float32Array.of(0, 1, NaN, 0, Infinity, 1), 2, 3);
    expect([image.width, image.height]).toEqual([3, 2]);
    expect(pixel(image, 1, 0)).toEqual([...viridis(1)]);
    expect(pixel(image, 2, 0)).toEqual([255, 0, 255]);
    expect(pixel(image, 0, 1)).toEqual([...viridis(0)]);
    expect(pixel(image, 1, 1)).toEqual([255, 0, 255]);
    expect(() => heatmap(new Float32Array(5), 2, 3)).toThrow('needs 6 values, received 5');
  });

  it('upscale repeats pixels', () => {
    const image: Image = { width: 2, height: 1, channels: 1, data: Uint8Array.of(7, 9) };
    expect(Array.from(upscale(image, 2).data)).toEqual([7, 7, 9, 9, 7, 7, 9, 9]);
    expect(() => upscale(image, 0.5)).toThrow('received 0.5');
  });

  it('imageGrid places pictures row by row with gaps', () => {
    const dot = (v: number): Image => ({
      width: 1,
      height: 1,
      channels: 1,
      data: Uint8Array.of(v),
    });
    const grid = imageGrid([dot(1), dot(2), dot(3)], {
      columns: 2,
      gap: 1,
      scale: 2,
      background: [9, 8, 7],
    });
    expect([grid.width, grid.height]).toEqual([7, 7]);
    const row = (y: number) => Array.from({ length: 7 }, (_, x) => pixel(grid, x, y)[0]);
    expect(row(0)).toEqual([9, 9, 9, 9, 9, 9, 9]);
    expect(row(1)).toEqual([9, 1, 1, 9, 2, 2, 9]);
    expect(row(5)).toEqual([9, 3, 3, 9, 9, 9, 9]);
    expect(() => imageGrid([])).toThrow('no pictures');
    expect(() => imageGrid([dot(1)], { columns: 0 })).toThrow('received 0');
  });
});

describe('filters and activations', () => {
  it('one input channel: zero is white, signs differ, one scale for all filters', () => {
    // [kh, kw, ci, co] = [1, 2, 1, 2]: filter 0 is [-4, 0], filter 1 is [4, 2].
    const tiles = filterTiles(Float32Array.of(-4, 4, 0, 2), [1, 2, 1, 2]);
    expect(tiles.map((tile) => [pixel(tile, 0, 0), pixel(tile, 1, 0)])).toEqual([
      [[...diverging(0)], [...diverging(0.5)]],
      [[...diverging(1)], [...diverging(0.75)]],
    ]);
  });

  it('three input channels are colours', () => {
    // [1, 1, 3, 2]: filter 0 is (1, 0, -1), filter 1 is (0, 0.5, 0).
    const tiles = filterTiles(Float32Array.of(1, 0, 0, 0.5, -1, 0), [1, 1, 3, 2]);
    expect(tiles.map((tile) => Array.from(tile.data))).toEqual([
      [255, 128, 0],
      [128, 191, 128],
    ]);
  });

  it('many input channels form a square; the grid holds all filters', () => {
    const [tile] = filterTiles(new Float32Array(9 * 4), [3, 3, 4, 1]);
    expect([tile!.width, tile!.height]).toEqual([9, 9]);
    const grid = filterImages(new Float32Array(9 * 6), [3, 3, 1, 6]);
    expect([grid.width, grid.height]).toEqual([3 * 39 + 4 * 4, 2 * 39 + 3 * 4]);
    expect(() => filterTiles(new Float32Array(8), [3, 3, 1, 1])).toThrow('needs 9 values');
  });

  it('activations: each channel on its own scale, or all on one', () => {
    // [1, 2, 2]: channel 0 is [0, 1], channel 1 is [0, 4].
    const values = Float32Array.of(0, 0, 1, 4);
    const last = (options?: { sharedRange: boolean }) =>
      activationTiles(values, [1, 2, 2], options).map((tile) => pixel(tile, 1, 0));
    expect(last()).toEqual([[...viridis(1)], [...viridis(1)]]);
    expect(last({ sharedRange: true })).toEqual([[...viridis(0.25)], [...viridis(1)]]);
  });
});
