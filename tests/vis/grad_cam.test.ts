import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryInfo, shutdown } from '../../src/gpu/init.js';
import type { Image } from '../../src/io/images/image.js';
import { assign } from '../../src/nn/update.js';
import { input, layers, model, type Functional } from '../../src/nn/index.js';
import { gradCam, overlay } from '../../src/vis/grad_cam.js';
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

/** A convolution 1 x 1 that keeps both channels, their means, and a classifier. */
function network(kernel: readonly number[]): Functional {
  const pictures = input({ shape: [2, 2, 2] });
  const conv = layers.conv2d({ filters: 2, kernelSize: 1, name: 'maps' });
  const means = layers.globalAveragePooling2d().apply(conv.apply(pictures));
  const dense = layers.dense({ units: 2, activation: 'softmax' });
  const made = model({ inputs: pictures, outputs: dense.apply(means) });
  assign(conv.weights[0]!.value, Float32Array.of(1, 0, 0, 1));
  assign(dense.weights[0]!.value, Float32Array.from(kernel));
  return made;
}

const x = { data: Float32Array.of(1, 0, 0, 1, 2, 0, 0, 3), shape: [1, 2, 2, 2] };

describe('gradCam', () => {
  it('is the sum of the maps, each with its mean gradient, without what is negative', async () => {
    // Class 0: 4 * first channel - 2 * second; class 1: only the second.
    const made = network([4, 0, -2, 1]);
    const first = await gradCam(made, x, { layer: 'maps', classIndex: 0 });
    expect(first).toMatchObject({ height: 2, width: 2 });
    expect(Array.from(first.data)).toEqual([0.5, 0, 1, 0]);
    const second = await gradCam(made, x, { layer: 'maps', classIndex: 1 });
    expect(second.data).toEqual(Float32Array.of(0, 1 / 3, 0, 1));
    made.dispose();
  });

  it('leaves no memory and no gradients, and what nothing speaks for is zero', async () => {
    const made = network([-1, 0, -1, 0]);
    const before = memoryInfo().liveBytes;
    const { data } = await gradCam(made, x, { layer: 'maps', classIndex: 0 });
    expect(data).toEqual(new Float32Array(4));
    expect(memoryInfo().liveBytes).toBe(before);
    expect(made.weights.every(({ value }) => value.grad === undefined)).toBe(true);
    made.dispose();
  });

  it('says what is wrong', async () => {
    const made = network([1, 0, 0, 1]);
    const camOf = (options: { layer: string; classIndex: number }, shape = x.shape) =>
      gradCam(made, { data: x.data, shape }, options);
    await expect(camOf({ layer: 'none', classIndex: 0 })).rejects.toThrow(/no layer "none"/);
    await expect(camOf({ layer: 'dense', classIndex: 0 })).rejects.toThrow(/not maps \[h, w, c\]/);
    await expect(camOf({ layer: 'maps', classIndex: 2 })).rejects.toThrow(/no class 2/);
    await expect(camOf({ layer: 'maps', classIndex: 0 }, [2, 2, 2, 1])).rejects.toThrow(
      /takes one picture/,
    );
    made.dispose();
  });
});

it('overlay colours the places that count', () => {
  const gray: Image = { width: 4, height: 4, channels: 1, data: new Uint8Array(16).fill(100) };
  const cam = { height: 1, width: 2, data: Float32Array.of(0, 1) };
  const { width, height, channels, data } = overlay(gray, cam, { map: () => [255, 0, 0] });
  expect([width, height, channels]).toEqual([4, 4, 3]);
  expect(Array.from(data.subarray(0, 3))).toEqual([100, 100, 100]);
  // 100 + (255 - 100) * 0.65, and 100 - 100 * 0.65.
  expect(Array.from(data.subarray(9, 12))).toEqual([201, 35, 35]);
});
