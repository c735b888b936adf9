import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import type { Layer } from '../../src/nn/layer.js';
import * as layers from '../../src/nn/layers/index.js';
import { sizeOf, type Shape } from '../../src/shape.js';
import { scope } from '../../src/scope.js';
import { tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';
import { wave } from './wave.js';

beforeAll(openGpu);
afterAll(shutdown);

/** What the layer makes of values in training. */
async function train(layer: Layer, data: Float32Array, shape: Shape, seed = 7): Promise<number[]> {
  const x = tensor(data, shape);
  const y = scope(() => layer.call(x, { training: true, seed: () => seed }));
  const values = Array.from(await y.data());
  x.dispose();
  y.dispose();
  return values;
}

/** One list of values for each picture. */
function pictures(values: ArrayLike<number>, count: number): number[][] {
  const size = values.length / count;
  return Array.from({ length: count }, (_, i) =>
    Array.from(values).slice(i * size, (i + 1) * size),
  );
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const SHAPE = [64, 4, 5, 2] as const;
const data = wave(SHAPE, 1);

describe('randomFlip', () => {
  const mirrored = (picture: readonly number[], down: boolean, across: boolean): number[] => {
    const [, h, w, c] = SHAPE;
    return picture.map((_, i) => {
      const [row, column, channel] = [Math.floor(i / (w * c)), Math.floor(i / c) % w, i % c];
      const [y, x] = [down ? h - 1 - row : row, across ? w - 1 - column : column];
      return picture[(y * w + x) * c + channel]!;
    });
  };
  for (const [mode, down, across] of [
    ['horizontal', false, true],
    ['vertical', true, false],
    ['horizontal_and_vertical', true, true],
  ] as const) {
    it(`${mode}: half of the pictures are mirrored, in full`, async () => {
      const before = pictures(data, 64);
      const after = pictures(await train(layers.randomFlip({ mode }), data, SHAPE), 64);
      const isMirrored = after.map((picture, i) => {
        const same = String(picture) === String(before[i]);
        if (!same) expect(picture).toEqual(mirrored(before[i]!, down, across));
        return !same;
      });
      const count = isMirrored.filter(Boolean).length;
      expect(count).toBeGreaterThan(16);
      expect(count).toBeLessThan(48);
    });
  }
});

describe('dropout', () => {
  it('keeps and scales values, or drops them, at its rate', async () => {
    const ones = new Float32Array(20_000).fill(3);
    const y = await train(layers.dropout({ rate: 0.25 }), ones, [20, 1000]);
    expect(y.every((value) => value === 0 || Math.abs(value - 4) < 1e-6)).toBe(true);
    const dropped = y.filter((value) => value === 0).length / y.length;
    expect(Math.abs(dropped - 0.25)).toBeLessThan(0.02);
  });

  it('with a noise shape of ones drops whole pictures', async () => {
    const layer = layers.dropout({ rate: 0.5, noiseShape: [null, 1, 1, 1] });
    const y = await train(layer, new Float32Array(sizeOf(SHAPE)).fill(1), SHAPE);
    const kept = pictures(y, SHAPE[0]).map((picture) => {
      expect(new Set(picture).size).toBe(1);
      return picture[0]!;
    });
    expect(new Set(kept)).toEqual(new Set([0, 2]));
    expect(() => layer.computeOutputShape([4, 5])).toThrow(/noiseShape \[null,1,1,1\]/);
  });

  it('spatial: drops whole channels of a picture', async () => {
    const shape = [40, 3, 3, 50];
    const ones = new Float32Array(sizeOf(shape)).fill(1);
    const y = await train(layers.spatialDropout2d({ rate: 0.4 }), ones, shape);
    const channels = pictures(y, 40).flatMap((picture) =>
      Array.from({ length: 50 }, (_, c) => picture.filter((__, i) => i % 50 === c)),
    );
    for (const channel of channels) expect(new Set(channel).size).toBe(1);
    const dropped = channels.filter(([first]) => first === 0).length / channels.length;
    expect(Math.abs(dropped - 0.4)).toBeLessThan(0.04);
    const kept = channels.find(([first]) => first !== 0)!;
    expect(kept[0]).toBeCloseTo(1 / 0.6, 5);
  });
});

describe('gaussianNoise', () => {
  it('has mean 0 and its deviation', async () => {
    const x = new Float32Array(20_000).fill(5);
    const y = await train(layers.gaussianNoise({ stddev: 2 }), x, [20, 1000]);
    const noise = y.map((value) => value - 5);
    expect(Math.abs(mean(noise))).toBeLessThan(0.05);
    expect(Math.sqrt(mean(noise.map((value) => value ** 2)))).toBeCloseTo(2, 1);
    const beyond = noise.filter((value) => Math.abs(value) > 4).length / noise.length;
    expect(beyond).toBeGreaterThan(0.035);
    expect(beyond).toBeLessThan(0.056);
  });
});

describe('factors', () => {
  it('of brightness are drawn for each picture, evenly from their range', async () => {
    const zeros = new Float32Array(64 * 4).fill(0.5);
    const layer = layers.randomBrightness({ factor: [-0.3, 0.4], valueRange: [0, 1] });
    const after = pictures(await train(layer, zeros, [64, 2, 2, 1]), 64);
    const added = after.map((picture) => {
      expect(new Set(picture).size).toBe(1);
      return picture[0]! - 0.5;
    });
    expect(Math.min(...added)).toBeGreaterThanOrEqual(-0.3001);
    expect(Math.max(...added)).toBeLessThanOrEqual(0.4001);
    expect(Math.min(...added)).toBeLessThan(-0.2);
    expect(Math.max(...added)).toBeGreaterThan(0.3);
    expect(Math.abs(mean(added) - 0.05)).toBeLessThan(0.1);
  });

  it('of contrast too: one number stands for both sides', async () => {
    const layer = layers.randomContrast({ factor: 0.5, valueRange: [-9, 9] });
    expect(layer.getConfig()['factor']).toEqual([0.5, 0.5]);
    const one = wave([1, 4, 5, 1], 2);
    const same = Float32Array.from({ length: 64 * 20 }, (_, i) => one[i % 20]!);
    const center = mean(Array.from(one));
    const after = pictures(await train(layer, same, [64, 4, 5, 1]), 64);
    const factors = after.map((picture) => {
      const factor = (picture[0]! - center) / (one[0]! - center);
      picture.forEach((value, i) =>
        expect(value).toBeCloseTo((one[i]! - center) * factor + center, 4),
      );
      return factor;
    });
    expect(Math.min(...factors)).toBeGreaterThan(0.4999);
    expect(Math.max(...factors)).toBeLessThan(1.5001);
    expect(Math.min(...factors)).toBeLessThan(0.65);
    expect(Math.max(...factors)).toBeGreaterThan(1.35);
  });

  it('of moves are drawn for each picture', async () => {
    for (const layer of [
      layers.randomRotation({ factor: 0.2 }),
      layers.randomTranslation({ heightFactor: 0.3, widthFactor: 0.3 }),
      layers.randomZoom({ heightFactor: 0.3 }),
    ]) {
      const one = wave([1, 4, 5, 2], 2);
      const same = Float32Array.from({ length: 8 * 40 }, (_, i) => one[i % 40]!);
      const after = pictures(await train(layer, same, [8, 4, 5, 2]), 8);
      expect(new Set(after.map(String)).size).toBe(8);
    }
  });

  it('must be a range', () => {
    expect(() => layers.randomRotation({ factor: [0.2, 0.1] })).toThrow(/factor/);
    expect(() => layers.randomContrast({ factor: [NaN, 1] })).toThrow(/factor/);
    expect(() => layers.randomZoom({ heightFactor: 0.1, widthFactor: [1, 0] })).toThrow(
      /widthFactor/,
    );
  });
});

describe('randomCrop', () => {
  it('cuts one part out of all pictures of a batch, at every place in the long run', async () => {
    const layer = layers.randomCrop({ height: 2, width: 3 });
    const [, h, w, c] = SHAPE;
    const places = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const y = await train(layer, data.slice(0, 2 * h * w * c), [2, h, w, c], seed);
      const found: string[] = [];
      for (let top = 0; top <= h - 2; top++) {
        for (let left = 0; left <= w - 3; left++) {
          const part = (n: number): number[] =>
            Array.from({ length: 12 }, (_, i) => {
              const [row, column] = [top + Math.floor(i / 6), left + (Math.floor(i / 2) % 3)];
              return data[((n * h + row) * w + column) * c + (i % 2)]!;
            });
          if (String([...part(0), ...part(1)]) === String(y)) found.push(`${top} ${left}`);
        }
      }
      expect(found).toHaveLength(1);
      places.add(found[0]!);
    }
    expect(places.size).toBe(9);
  });

  it('gives the middle outside of training, of the size that it promises', async () => {
    const layer = layers.randomCrop({ height: 2, width: 2 });
    const x = tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 4, 1]);
    const y = scope(() => layer.call(x));
    expect(y.shape).toEqual([1, 2, 2, 1]);
    expect(Array.from(await y.data())).toEqual([2, 3, 6, 7]);
    x.dispose();
    y.dispose();
  });
});

describe('seeds', () => {
  it('decide what is drawn: that of the step, and that of the layer', async () => {
    const make = (seed?: number): Layer =>
      layers.dropout({ rate: 0.5, ...(seed !== undefined && { seed }) });
    const x = new Float32Array(100).fill(1);
    const drawn = (layer: Layer, step: number): Promise<number[]> =>
      train(layer, x, [1, 100], step);
    expect(await drawn(make(), 1)).toEqual(await drawn(make(), 1));
    expect(await drawn(make(), 1)).not.toEqual(await drawn(make(), 2));
    expect(await drawn(make(5), 1)).toEqual(await drawn(make(5), 1));
    expect(await drawn(make(5), 1)).not.toEqual(await drawn(make(6), 1));
    expect(await drawn(make(5), 1)).not.toEqual(await drawn(make(5), 2));
  });
});
