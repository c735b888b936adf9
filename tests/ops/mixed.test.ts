import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd.js';
import type { Device } from '../../src/gpu/device.js';
import { defaultDevice, init, shutdown } from '../../src/gpu/init.js';
import { matmul, softmax } from '../../src/ops/index.js';
import { withPrecision } from '../../src/precision.js';
import { scope } from '../../src/scope.js';
import { tensor } from '../../src/tensor.js';
import { referenceGradients, tolerances, upstream, type OpCase } from '../cases/case.js';
import { convFamilies } from '../cases/conv.js';
import { matmulFamilies } from '../cases/matmul.js';
import { onGpu } from '../on_gpu.js';
import { map, type Array64 } from '../reference/array.js';
import { discrepancy } from '../reference/gradient.js';
import { openMixed } from '../setup.js';

/** The nearest float16, ties to even; if that is below 2^-14, 0. */
function half(value: number): number {
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 10);
  const below = Math.floor(value / unit);
  const rest = value / unit - below;
  const isUp = rest === 0.5 ? below % 2 !== 0 : rest > 0.5;
  const rounded = (below + Number(isUp)) * unit;
  if (!(Math.abs(rounded) >= 2 ** -14)) return 0;
  return Math.abs(rounded) > 65504 ? Math.sign(value) * Infinity : rounded;
}

/** A group per channel: these stay in float32. */
const isDepthwise = (name: string): boolean => / g(\d+) .* c\1->/.test(name) && !/ g1 /.test(name);

const families = [...convFamilies, ...matmulFamilies].filter(({ op }) => op !== 'depthwiseConv2d');

/** Products whose activation is none, or a choice: float16 operands of the gradients are known. */
const sharp = families
  .filter(({ tolerance }) => tolerance === tolerances.sum)
  .flatMap(({ op, cases }) => cases.map((test) => ({ op, name: test.name, test })))
  .filter(({ name }) => !isDepthwise(name));

/**
 * All but ReLU, where rounding can bring a unit to the other side of the kink, and results of two values,
 * which may nearly cancel.
 */
const smooth = families
  .flatMap(({ op, cases }) => cases.map((test) => ({ op, name: test.name, test })))
  .filter(({ name }) => !/relu|^1x\d+x2$/.test(name));

function testCases(
  cases: readonly { readonly op: string; readonly name: string; readonly test: OpCase }[],
  operandOf: (value: number) => number,
  tolerance: number,
  innerLoop?: Device['innerLoop'],
): void {
  beforeAll(async () => {
    await openMixed('mixed');
    if (innerLoop) defaultDevice().innerLoop = innerLoop;
  });
  afterAll(shutdown);
  it.each(cases)('$op $name', async ({ test }) => {
    // The bias is added in float32.
    const inputs = test.inputs.map((input, i) => (i < 2 ? map(input, operandOf) : input));
    const rounded: OpCase = { ...test, inputs };
    const expected = rounded.forward(inputs, []);
    const dy = map(upstream(expected.shape), operandOf);
    const { y, grads } = await onGpu(test, expected, dy);
    const compare = (what: string, found: ArrayLike<number>, wanted: Array64): void =>
      expect(discrepancy(found, wanted).l2, what).toBeLessThanOrEqual(tolerance);
    compare('result', y, expected);
    referenceGradients(rounded, dy).forEach((wanted, i) => {
      compare(`gradient of input ${i}`, grads[i]!, wanted!);
    });
  });
}

const exactly = (value: number): number => value;

describe('float16 operands are multiplied and summed in float32', () => {
  describe('inner loop of the adapter', () => testCases(sharp, half, 3e-6));
  describe('simt', () => testCases(sharp, half, 3e-6, 'simt'));
  describe('direct', () => testCases(sharp, half, 3e-6, 'direct'));
});

describe('results are near those of float32', () => {
  testCases(smooth, exactly, 1.5e-3);
});

describe('the precision', () => {
  beforeAll(() => openMixed('float32'));
  afterAll(shutdown);
  // 2049 and 1 + 2^-11 lie half way between two float16 numbers.
  const values = [2049, 1 + 2 ** -11, 1e5];

  const multiplied = async (): Promise<number[]> => {
    using a = tensor(values, [3, 1]);
    using b = tensor([1], [1, 1]);
    using y = matmul(a, b);
    return [...(await y.data())];
  };

  it('is chosen by init, and by the outermost withPrecision', async () => {
    const exact = values.map(Math.fround);
    const rounded = [2048, 1, Infinity];
    expect(await multiplied()).toEqual(exact);
    expect(await withPrecision('mixed', multiplied)).toEqual(rounded);
    expect(await withPrecision(undefined, multiplied)).toEqual(exact);
    const inner = withPrecision('float32', () => withPrecision('mixed', multiplied));
    expect(await inner).toEqual(exact);
    await init({ precision: 'mixed' });
    expect(await multiplied()).toEqual(rounded);
    expect(await withPrecision('float32', multiplied)).toEqual(exact);
    await init();
    expect(await multiplied()).toEqual(rounded);
    await init({ precision: 'float32' });
    expect(await multiplied()).toEqual(exact);
  });

  it('is not known by another name', async () => {
    const wrong = init({ precision: 'float16' as 'mixed' });
    await expect(wrong).rejects.toThrow("init: precision must be 'float32' or 'mixed'");
  });

  it('of a gradient is that of the operation', async () => {
    const gradient = async (forward: 'float32' | 'mixed'): Promise<number> => {
      using a = tensor([1], [1, 1], { requiresGrad: true });
      using b = tensor([2049], [1, 1]);
      using y = withPrecision(forward, () => matmul(a, b));
      y.backward();
      return await a.grad!.item();
    };
    expect(await gradient('mixed')).toBe(2048);
    expect(await gradient('float32')).toBe(2049);
  });

  it('does not touch softmax', async () => {
    using x = tensor([0.1, 0.2002, 0.3003], [1, 3]);
    const soft = (): ReturnType<typeof softmax> => scope(() => noGrad(() => softmax(x)));
    using exact = soft();
    using mixed = withPrecision('mixed', soft);
    expect(await mixed.data()).toEqual(await exact.data());
  });
});
