import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { Device } from '../../src/gpu/device.js';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import type { Activation } from '../../src/ops/activation.js';
import type { Way } from '../../src/gpu/tuner.js';
import { batchNorm, conv2d } from '../../src/ops/index.js';
import { batchNormConv2d, conv2dHead } from '../../src/ops/norm_conv.js';
import { TILES, type Choice } from '../../src/ops/tiles.js';
import { Random } from '../../src/random.js';
import { scope } from '../../src/scope.js';
import type { Pair, Shape } from '../../src/shape.js';
import { tensor, type DType, type Tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

await openGpu();
afterAll(shutdown);
const { innerLoop, tuner } = defaultDevice();
const choose = tuner.choose.bind(tuner);
const hasFloat16 = defaultDevice().gpu.features.has('shader-f16');

/** One that is followed by a normalization. */
interface Head {
  readonly x: Shape;
  readonly w: Shape;
  readonly strides?: Pair;
  readonly bias?: number;
}

const heads: readonly Head[] = [
  { x: [2, 9, 9, 16], w: [1, 1, 16, 24] },
  { x: [2, 15, 17, 8], w: [3, 3, 8, 132], strides: 2, bias: 0 },
  // The mean is far from 0.
  { x: [3, 8, 9, 20], w: [2, 3, 20, 64], bias: 1000 },
  { x: [1, 5, 5, 3], w: [3, 3, 3, 8], bias: 0 },
];

interface Case {
  readonly x: Shape;
  readonly filters: number;
  readonly strides?: Pair;
  readonly activation?: Activation;
  readonly isBiased?: boolean;
}

const cases: readonly Case[] = [
  { x: [2, 7, 9, 16], filters: 24, activation: 'relu' },
  { x: [2, 7, 9, 12], filters: 7, activation: 'swish', isBiased: true },
  { x: [3, 8, 8, 64], filters: 32, strides: 2, activation: 'relu6' },
  { x: [1, 5, 5, 260], filters: 8 },
  { x: [1, 9, 9, 6], filters: 8, activation: 'relu' },
];

function random(shape: Shape, seed: number, offset: number, dtype: DType): Tensor {
  const source = new Random(seed);
  const size = shape.reduce((product, n) => product * n, 1);
  const values = Float32Array.from({ length: size }, () => source.normal() + offset);
  return tensor(values, shape, { requiresGrad: true, dtype });
}

/** Result, statistics and all gradients. */
async function outcome(
  { x: shape, filters, strides = 1, activation, isBiased }: Case,
  dtype: DType,
  isJoined: boolean,
): Promise<{ values: (ArrayLike<number> | undefined)[]; kept: number }> {
  const { memory } = defaultDevice();
  const c = shape.at(-1)!;
  const x = random(shape, 1, 2, dtype);
  const [gamma, beta] = [random([c], 2, 1, 'float32'), random([c], 3, 0, 'float32')];
  const w = random([1, 1, c, filters], 4, 0, 'float32');
  const bias = isBiased ? random([filters], 5, 0, 'float32') : undefined;
  const norm = { epsilon: 1e-3, activation };
  const conv = { strides, ...(bias && { bias }) };
  const before = memory.info().liveBytes;
  const { y, mean, variance } = scope(() => {
    if (isJoined) return batchNormConv2d(x, gamma, beta, w, norm, conv);
    const { y: between, ...statistics } = batchNorm(x, gamma, beta, norm);
    return { y: conv2d(between, w, conv), ...statistics };
  });
  const kept = memory.info().liveBytes - before;
  const seed = random(y.shape, 6, 0, 'float32').detach();
  y.backward(seed);
  const inputs = [x, gamma, beta, w, ...(bias ? [bias] : [])];
  const results = [y, mean, variance, ...inputs.map(({ grad }) => grad)];
  expect(inputs.map(({ grad }) => grad!.dtype)).toEqual(inputs.map((t) => t.dtype));
  const values = await Promise.all(results.map((t) => t!.data()));
  for (const t of [...inputs, y, mean, variance, seed]) t.dispose();
  return { values, kept };
}

/** The smallest tile of matrix units: a software adapter takes long to compile what stands for a large one. */
function smallest<W extends Way>(_: string, [way]: readonly W[]): W {
  const { tile, ...rest } = way as W & Choice;
  const flags = { ...tile.flags, BM: 64, NT: 32, SM: 32, SN: 16, INVOCATIONS: 128 };
  return { ...rest, tile: { ...tile, rows: 64, columns: 32, segmentRows: 32, flags } } as W &
    Choice;
}

/** Of all, the largest difference over the largest value. */
function difference(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  const all = Array.from(wanted);
  const scale = Math.max(...all.map(Math.abs));
  return Math.max(...all.map((value, i) => Math.abs(found[i]! - value))) / scale;
}

describe.each(['adapter', 'simt', 'sgmat', 'direct'] as const)('%s', (loop) => {
  async function compare(test: Case, dtype: DType, tolerance: number): Promise<void> {
    const device: Device = defaultDevice();
    device.innerLoop = loop === 'adapter' ? innerLoop : loop;
    if (loop === 'sgmat') device.tuner.choose = smallest;
    const wanted = await outcome(test, dtype, false);
    const found = await outcome(test, dtype, true);
    device.innerLoop = innerLoop;
    device.tuner.choose = choose;
    found.values.forEach((values, i) => {
      expect(difference(values!, wanted.values[i]!), `number ${i}`).toBeLessThan(tolerance);
    });
    const isFused = ['simt', 'sgmat'].includes(loop) && test.x.at(-1)! % 4 === 0;
    if (isFused) expect(found.kept).toBeLessThan(wanted.kept);
    else expect(found.kept).toBe(wanted.kept);
  }
  // Operands of sgmat are rounded to float16: 2^-12, at another place of the computation.
  const rounding = loop === 'sgmat' ? 2e-3 : 2e-6;
  // Elsewhere one is enough: matrix units take long to compile, the others do one after the other.
  const tested = loop === 'simt' ? cases : cases.slice(0, 1);
  it.each(tested)('is batchNorm and conv2d: $x to $filters, $activation', async (test) => {
    await compare(test, 'float32', rounding);
  });
  it.runIf(hasFloat16 && loop === 'simt').each(tested)(
    'of float16: $x to $filters, $activation',
    async (test) => {
      await compare(test, 'float16', 3e-3);
    },
  );
});

describe('moments of a result, made together with it', () => {
  const device = defaultDevice();
  afterEach(() => {
    device.innerLoop = innerLoop;
    device.tuner.choose = choose;
  });

  /** Mean and variance of each channel, in float64. */
  function statistics(y: ArrayLike<number>, c: number): { mean: number[]; variance: number[] } {
    const rows = y.length / c;
    const sums = (of: (value: number, channel: number) => number): number[] =>
      Array.from({ length: c }, (_, k) => {
        let sum = 0;
        for (let r = 0; r < rows; r++) sum += of(y[r * c + k]!, k);
        return sum / rows;
      });
    const mean = sums((v) => v);
    return { mean, variance: sums((v, k) => (v - mean[k]!) ** 2) };
  }

  /** @returns whether the pass over the result was spared */
  async function check(
    { x: shape, w: filter, strides = 1, bias: offset }: Head,
    dtype: DType = 'float32',
    tolerance = 1e-6,
  ): Promise<boolean> {
    const c = filter[3]!;
    const x = random(shape, 1, 0, dtype);
    const w = random(filter, 2, 0, 'float32');
    const bias = offset === undefined ? undefined : random([c], 3, offset, 'float32');
    const [gamma, beta] = [random([c], 4, 1, 'float32'), random([c], 5, 0, 'float32')];
    const kernels = vi.spyOn(device.kernels, 'get');
    const results = scope(() => {
      const y = conv2dHead(x, w, {
        strides,
        padding: 'same',
        isNormed: true,
        ...(bias && { bias }),
      });
      const before = y.detach();
      return { before, ...batchNorm(y, gamma, beta) };
    });
    const isSpared = !kernels.mock.calls.some(([name]) => name === 'moments');
    kernels.mockRestore();
    const { before, y, mean, variance } = results;
    const given = await before.data();
    const wanted = statistics(given, c);
    const deviation = Math.sqrt(Math.max(...wanted.variance));
    const [means, variances, normalized] = [
      await mean.data(),
      await variance.data(),
      await y.data(),
    ];
    const [scales, shifts] = [await gamma.data(), await beta.data()];
    for (let k = 0; k < c; k++) {
      const near = tolerance * (Math.abs(wanted.mean[k]!) + deviation);
      expect(Math.abs(means[k]! - wanted.mean[k]!)).toBeLessThan(near);
      expect(Math.abs(variances[k]! / wanted.variance[k]! - 1)).toBeLessThan(10 * tolerance);
    }
    const all = Array.from(given, (v, i) => {
      const k = i % c;
      const scale = scales[k]! / Math.sqrt(wanted.variance[k]! + 1e-3);
      return (v - wanted.mean[k]!) * scale + shifts[k]!;
    });
    expect(difference(normalized, all)).toBeLessThan(100 * tolerance);
    for (const t of [x, w, gamma, beta, ...(bias ? [bias] : []), before, y, mean, variance])
      t.dispose();
    return isSpared;
  }

  it.each(TILES.map((tile) => [`${tile.rows}x${tile.columns} by ${tile.each}`, tile] as const))(
    'in tiles of %s',
    async (_, tile) => {
      device.innerLoop = 'simt';
      device.tuner.choose = (_key, [way]) => ({ ...way!, tile, splits: 1 });
      for (const head of heads) expect(await check(head)).toBe(true);
    },
  );

  it('on matrix units, with operands and, where there are such, results of float16', async () => {
    device.innerLoop = 'sgmat';
    device.tuner.choose = smallest;
    expect(await check(heads[1]!, 'float32', 2e-6)).toBe(true);
    expect(await check(heads[2]!, 'float32', 2e-6)).toBe(true);
    if (hasFloat16) expect(await check(heads[0]!, 'float16', 1e-3)).toBe(true);
  });

  it('by a pass of their own where the kernel cannot', async () => {
    device.innerLoop = 'simt';
    expect(await check({ x: [2, 5, 5, 8], w: [1, 1, 8, 7] })).toBe(false);
    // Summed in several parts.
    device.tuner.choose = (_key, [way]) => ({ ...way!, splits: 4 });
    expect(await check({ x: [1, 5, 5, 64], w: [3, 3, 64, 8] })).toBe(false);
    device.innerLoop = 'direct';
    expect(await check(heads[0]!)).toBe(false);
  });
});
