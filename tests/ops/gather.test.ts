import { expect, it } from 'vitest';
import { cast, gather, oneHot } from '../../src/ops/index.js';
import { tensor } from '../../src/tensor.js';
import { movementFamilies } from '../cases/movement.js';
import { testFamilies } from '../harness.js';

testFamilies(movementFamilies.filter(({ op }) => op === 'gather' || op === 'oneHot'));

it('marks rows of numbers outside of the tensor with NaN', async () => {
  using x = tensor([1, 2, 3, 4, 5, 6], [3, 2]);
  using indices = tensor(Int32Array.of(2, 3, -1, 0));
  using y = gather(x, indices);
  expect([...(await y.data())]).toEqual([5, 6, NaN, NaN, NaN, NaN, 1, 2]);
});

it('gathers with indices of several dimensions', async () => {
  using x = tensor([10, 20, 30]);
  using indices = tensor(Int32Array.of(2, 1, 0, 0), [2, 2]);
  using y = gather(x, indices);
  expect(await y.array()).toEqual([
    [30, 20],
    [10, 10],
  ]);
});

it('makes rows of zeros for numbers that are no class', async () => {
  using indices = tensor(Int32Array.of(-1, 1, 2));
  using y = oneHot(indices, 2);
  expect([...(await y.data())]).toEqual([0, 0, 0, 1, 0, 0]);
});

it.each([1, 3, 4, 5, 1021])('casts %d bytes and integers exactly', async (n) => {
  const values = Uint8Array.from({ length: n }, (_, i) => (i * 37 + 255) % 256);
  using x = tensor(values);
  using y = cast(x, 'float32');
  expect(await y.data()).toEqual(Float32Array.from(values));
  const integers = Int32Array.from(values, (v) => (v - 128) * 65536);
  using i = tensor(integers);
  using z = cast(i, 'float32');
  expect(await z.data()).toEqual(Float32Array.from(integers));
});
