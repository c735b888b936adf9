import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeImage, readImage, type Image } from '../../src/io/images/image.js';
import {
  centralCrop,
  resizeImage,
  resizeValues,
  type ResizeMethod,
  type Size,
} from '../../src/io/images/resize.js';

const folder = new URL('../fixtures/images/', import.meta.url);
const json = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as unknown;
const picture = await readImage(new URL('rgb.png', folder));

interface Case {
  readonly by: string;
  readonly method: ResizeMethod;
  readonly antialias: boolean;
  readonly size: Size;
  readonly pixels: readonly number[];
}

describe('resizing', () => {
  for (const { by, method, antialias, size, pixels } of json('resized.json') as Case[]) {
    const how = antialias && by === 'TensorFlow' ? 'with antialiasing ' : '';
    it(`${method} ${how}to ${size.join(' x ')} is that of ${by}`, () => {
      if (by === 'Pillow') {
        expect(Array.from(resizeImage(picture, size, { method }).data)).toEqual(pixels);
        return;
      }
      const values = resizeValues(picture, size, { method, antialias });
      expect(values).toHaveLength(pixels.length);
      // The expected values have two decimals.
      const worst = Math.max(...Array.from(values, (v, i) => Math.abs(v - pixels[i]!)));
      expect(worst).toBeLessThan(0.0065);
    });
  }

  it('keeps the channels, and leaves the picture as it was', () => {
    const grey: Image = { width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 200) };
    const same = resizeImage(grey, [1, 2]);
    expect(same).toEqual(grey);
    expect(same.data).not.toBe(grey.data);
    expect(resizeImage(grey, [1, 1]).data).toEqual(Uint8Array.of(100));
    expect(resizeImage(grey, [2, 2], { method: 'area' }).data).toEqual(
      Uint8Array.of(0, 200, 0, 200),
    );
  });

  it('refuses sizes and methods that there are not', () => {
    for (const size of [
      [0, 3],
      [3, 1.5],
      [NaN, 2],
      [2 ** 20, 2 ** 20],
    ] as const) {
      expect(() => resizeImage(picture, size)).toThrow(/size must be \[height, width\]/);
      expect(() => resizeValues(picture, size)).toThrow(/size must be \[height, width\]/);
    }
    const method = 'lanczos' as ResizeMethod;
    expect(() => resizeImage(picture, [2, 2], { method })).toThrow(/no method 'lanczos'[^]*'area'/);
  });

  it('centralCrop takes the square in the middle', () => {
    const data = Uint8Array.from({ length: 24 }, (_, i) => i);
    const wide: Image = { width: 6, height: 4, channels: 1, data };
    expect(centralCrop(wide, 0.5)).toEqual({
      ...{ width: 2, height: 2, channels: 1, data: Uint8Array.of(8, 9, 14, 15) },
    });
    expect(centralCrop(wide, 1)).toMatchObject({ width: 4, height: 4 });
    expect(() => centralCrop(wide, 1.1)).toThrow(/at most 1, received 1.1/);
  });
});

describe('EXIF orientation', () => {
  const expected = json('oriented.json') as { width: number; height: number; pixels: number[] }[];
  const bytesOf = (number: number): Uint8Array =>
    new Uint8Array(readFileSync(new URL(`oriented_${number}.jpg`, folder)));

  it.each(expected.map((each, i) => [i + 1, each] as const))('%i', async (number, each) => {
    const { width, height, data } = await decodeImage(bytesOf(number));
    expect([width, height]).toEqual([each.width, each.height]);
    expect(Array.from(data)).toEqual(each.pixels);
    const stored = await decodeImage(bytesOf(number), { applyOrientation: false });
    expect(Array.from(stored.data)).toEqual(expected[0]!.pixels);
  });

  it('that is cut short or out of range is not applied', async () => {
    const bytes = bytesOf(6);
    const tag = bytes.findIndex((_, i) => bytes[i] === 0x01 && bytes[i + 1] === 0x12);
    const other = bytes.slice();
    other[tag + 9] = 77;
    expect(await decodeImage(other)).toMatchObject({ width: 16, height: 8 });
    const far = bytes.slice();
    far.fill(0xff, tag - 6, tag - 2);
    expect(await decodeImage(far)).toMatchObject({ width: 16, height: 8 });
  });
});
