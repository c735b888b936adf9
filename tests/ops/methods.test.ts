import { afterAll, beforeAll, expect, it } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import { Tensor, tensor } from '../../src/tensor.js';
import * as ops from '../../src/ops/index.js';
import { scope } from '../../src/scope.js';
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

const calls: readonly (readonly [string, readonly unknown[]])[] = [
  ...['add', 'sub', 'mul', 'div'].map((name) => [name, [3]] as const),
  ...['neg', 'exp', 'log', 'sqrt', 'square', 'relu', 'sigmoid', 'tanh', 'softmax'].map(
    (name) => [name, []] as const,
  ),
  ...['sum', 'mean', 'max'].map((name) => [name, [{ axis: 0, keepDims: true }]] as const),
  ['argmax', [{ axis: 0 }]],
  ['reshape', [[3, -1]]],
  ['transpose', [[1, 0]]],
  [
    'slice',
    [
      [0, 1],
      [2, -1],
    ],
  ],
];

type Call = (...values: readonly unknown[]) => Tensor;

it.each(calls)('x.%s is the function of that name', async (name, rest) => {
  using x = tensor([
    [1, 5, 2],
    [4, 3, 6],
  ]);
  using viaMethod = (x as unknown as Record<string, Call>)[name]!(...rest);
  using viaFunction = (ops as unknown as Record<string, Call>)[name]!(x, ...rest);
  expect(viaMethod.shape).toEqual(viaFunction.shape);
  expect(await viaMethod.data()).toEqual(await viaFunction.data());
});

it('x.matmul is the function of that name', async () => {
  using x = tensor([
    [1, 5, 2],
    [4, 3, 6],
  ]);
  using y = x.matmul(x, { transposeB: true });
  expect(await y.array()).toEqual([
    [30, 31],
    [31, 61],
  ]);
});

it('chains, with gradients', async () => {
  using x = tensor([1, -2, 3], [3], { requiresGrad: true });
  using y = scope(() => x.mul(2).relu().square().sum());
  expect(await y.item()).toBe(40);
  y.backward();
  expect(await x.grad!.array()).toEqual([8, 0, 24]);
});
