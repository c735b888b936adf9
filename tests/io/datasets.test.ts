import { expect, it } from 'vitest';
import { digits } from '../../src/io/datasets/digits.js';
import { photo, photoNames, type PhotoName } from '../../src/io/datasets/photos.js';

const perClass = (labels: Int32Array) =>
  labels.reduce<number[]>((counts, label) => {
    counts[label]! += 1;
    return counts;
  }, new Array<number>(10).fill(0));

it('digits: sizes, range, and classes as the source counts them', async () => {
  const { train, test, classNames, credit } = await digits();
  expect(train.shape).toEqual([1437, 8, 8, 1]);
  expect(test.shape).toEqual([360, 8, 8, 1]);
  for (const { x, y, shape } of [train, test]) {
    expect(x.length).toBe(shape[0] * 64);
    expect(y.length).toBe(shape[0]);
    expect(Math.min(...x)).toBe(0);
    expect(Math.max(...x)).toBe(1);
  }
  const [inTrain, inTest] = [perClass(train.y), perClass(test.y)];
  const source = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];
  expect(inTrain.map((count, c) => count + inTest[c]!)).toEqual(source);
  inTest.forEach((count, c) => expect(Math.abs(count - source[c]! / 5)).toBeLessThan(1));
  expect(classNames).toHaveLength(10);
  expect(credit).toContain('CC BY 4.0');
});

it('digits: the first samples of the source, a 0 to test and a 1 to train', async () => {
  const { train, test } = await digits();
  const zero =
    '0 0 5 13 9 1 0 0 0 0 13 15 10 15 5 0 0 3 15 2 0 11 8 0 0 4 12 0 0 8 8 0 ' +
    '0 5 8 0 0 9 8 0 0 4 11 0 1 12 7 0 0 2 14 5 10 12 0 0 0 0 6 13 10 0 0 0';
  expect(test.y[0]).toBe(0);
  expect(Array.from(test.x.subarray(0, 64), (v) => v * 16).join(' ')).toBe(zero);
  const one = [0, 0, 0, 12, 13, 5, 0, 0];
  expect(train.y[0]).toBe(1);
  expect(Array.from(train.x.subarray(0, 8), (v) => v * 16)).toEqual(one);
});

it('digits: no sample is in both halves', async () => {
  const { train, test } = await digits();
  const pictures = (x: Float32Array) =>
    Array.from({ length: x.length / 64 }, (_, i) => x.subarray(i * 64, i * 64 + 64).join());
  const seen = new Set(pictures(train.x));
  expect(pictures(test.x).filter((picture) => seen.has(picture))).toEqual([]);
});

it('photos: sizes as documented, and a real picture', async () => {
  const sizes = { chelsea: [451, 300], coffee: [600, 400], rocket: [640, 427] };
  for (const name of photoNames) {
    const image = await photo(name);
    expect([image.width, image.height, image.channels]).toEqual([...sizes[name], 3]);
    expect(new Set(image.data).size).toBeGreaterThan(200);
  }
  await expect(photo('dog' as PhotoName)).rejects.toThrow(/'dog'[^]*chelsea, coffee, rocket/);
});
