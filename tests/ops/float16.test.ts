import { afterAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { add, cast, concat, matmul, mul } from '../../src/ops/index.js';
import { scope } from '../../src/scope.js';
import { empty, tensor } from '../../src/tensor.js';
import { referenceGradients, upstream, type OpCase } from '../cases/case.js';
import { families } from '../cases/index.js';
import { toHalves } from '../harness.js';
import { onGpu } from '../on_gpu.js';
import { discrepancy } from '../reference/gradient.js';
import { openGpu } from '../setup.js';

/**
 * Rounding the inputs makes ties of the largest values, or brings one to a kink, where differences are no
 * gradients; and results of 'tail' are smaller than what float16 can hold.
 */
const EXCEPT = /^(globalMaxPool2d 3x33x31x2.*|relu6 4097|(mish|softplus) tail .*)$/;

/** Products and normalizations without a curved activation: gradients of weights are sums of exact products. */
const WEIGHTED =
  /^(conv2d|conv2dTranspose|depthwiseConv2d|dense|batchNorm) (?!.*(relu|sigmoid|tanh|swish))/;

const all = families
  .flatMap(({ op, cases }) => cases.map((test) => ({ title: `${op} ${test.name}`, test })))
  .filter(({ title }) => !EXCEPT.test(title));

await openGpu();
afterAll(shutdown);
const hasFloat16 = defaultDevice().gpu.features.has('shader-f16');

/** Relative errors of the result and of the gradients; the first `halves` inputs are float16. */
async function errorsOf(given: OpCase, halves: number): Promise<readonly (number | undefined)[]> {
  const before = defaultDevice().memory.info().liveBytes;
  const test = { ...given, inputs: given.inputs.map(toHalves) };
  const expected = test.forward(test.inputs, test.labels ?? []);
  const dy = toHalves(upstream(expected.shape));
  const { y, grads } = await onGpu(test, expected, dy, halves);
  expect(defaultDevice().memory.info().liveBytes).toBe(before);
  const references = test.differentiable.some(Boolean) ? referenceGradients(test, dy) : [];
  return [
    discrepancy(y, expected).l2,
    ...grads.map((grad, i) => grad && discrepancy(grad, references[i]!).l2),
  ];
}

describe.runIf(hasFloat16)('tensors of float16', () => {
  it.each(all)('compute in float32, and round: $title', async ({ test }) => {
    const [result, ...gradients] = await errorsOf(test, test.inputs.length);
    // A rounding is off by 2^-12 on average; gradients may start from a rounded result.
    expect(result).toBeLessThan(6e-4);
    for (const gradient of gradients) expect(gradient ?? 0).toBeLessThan(1.5e-3);
  });

  const weighted = all.filter(({ title }) => WEIGHTED.test(title));
  it.each(weighted)('leave the gradients of float32 weights exact: $title', async ({ test }) => {
    const [result, dx, ...others] = await errorsOf(test, 1);
    for (const error of [result, dx]) expect(error ?? 0).toBeLessThan(6e-4);
    for (const error of others) expect(error ?? 0).toBeLessThan(1e-5);
  });

  it('are made of the nearest numbers, and read as these', async () => {
    const values = [1, 2049, 1 + 2 ** -11, -65519, 1e5, 2 ** -24, NaN];
    const nearest = [1, 2048, 1, -65504, Infinity, 2 ** -24, NaN];
    using made = tensor(values, [7], { dtype: 'float16' });
    expect([...(await made.data())]).toEqual(nearest);
    using wide = tensor(values);
    using narrow = cast(wide, 'float16');
    expect(narrow.storage.bytes).toBe(16);
    // What becomes of the smallest numbers is the adapter's choice.
    expect([...(await narrow.data())].toSpliced(5, 1)).toEqual(nearest.toSpliced(5, 1));
  });

  it('give float16 together, and float32 with tensors of it; a single value follows', async () => {
    using half = tensor([1, 2, 3], [3], { dtype: 'float16' });
    using full = tensor([1, 2, 3]);
    using joined = concat([half, full], 0);
    expect([joined.dtype, ...(await joined.data())]).toEqual(['float32', 1, 2, 3, 1, 2, 3]);
    const types = scope(() => {
      const sums = [add(half, half), add(half, full), add(full, half), add(half, 1)];
      return sums.map(({ dtype }) => dtype);
    });
    expect(types).toEqual(['float16', 'float32', 'float32', 'float16']);
  });

  it('sum gradients of what was broadcast in float32', async () => {
    const size = 70_001;
    using x = tensor(new Float32Array(size).fill(1), [size], { dtype: 'float16' });
    using scale = tensor([2], [1], { requiresGrad: true });
    using y = scope(() => mul(x, scale));
    expect(y.dtype).toBe('float16');
    y.backward(tensor(new Float32Array(size).fill(1)));
    // More than the largest float16, and no multiple of 2.
    expect(await scale.grad!.item()).toBe(size);
  });

  it('bring each tensor a gradient of its own type', async () => {
    using a = tensor([2], [1, 1], { requiresGrad: true, dtype: 'float16' });
    using b = tensor([3], [1, 1], { requiresGrad: true });
    using y = scope(() => cast(matmul(a, b), 'float32'));
    y.backward();
    expect([a.grad!.dtype, b.grad!.dtype]).toEqual(['float16', 'float32']);
    expect([await a.grad!.item(), await b.grad!.item()]).toEqual([3, 2]);
  });
});

describe.runIf(!hasFloat16)('adapters without float16', () => {
  it('say so', () => {
    expect(() => empty([2, 3], 'float16')).toThrow(
      'this adapter has no float16, wanted for [2, 3]',
    );
  });
});
