import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FoveaError } from '../src/errors.js';
import { defaultDevice, shutdown } from '../src/gpu/init.js';
import { add, relu, reshape } from '../src/ops/index.js';
import { empty, requireGrad, tensor } from '../src/tensor.js';
import { openGpu } from './setup.js';

beforeAll(openGpu);
afterAll(shutdown);

const code = (name: FoveaError['code']): Error => expect.objectContaining({ code: name }) as Error;

describe('making tensors', () => {
  it.each([
    [3.5, []],
    [[1, 2, 3], [3]],
    [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [2, 3],
    ],
    [
      [
        [[1], [2]],
        [[3], [4]],
        [[5], [6]],
      ],
      [3, 2, 1],
    ],
    [[], [0]],
    [
      [[], []],
      [2, 0],
    ],
  ])('of %j has shape %j and comes back', async (values, shape) => {
    const t = tensor(values);
    expect(t.shape).toEqual(shape);
    expect(t.dtype).toBe('float32');
    expect(t.rank).toBe(shape.length);
    expect(await t.array()).toEqual(values);
  });

  it.each([[[[1, 2], [3]]], [[1, [2]]], [[[1], 2]], [[[[1], [2]], [[3]]]], [[[], [1]]]])(
    'throws for ragged %j',
    (values) => {
      expect(() => tensor(values)).toThrow(code('SHAPE'));
      expect(() => tensor(values)).toThrow('ragged');
    },
  );

  it('takes a shape, and throws when the values do not fill it', () => {
    expect(tensor(new Float32Array(6), [3, 2]).shape).toEqual([3, 2]);
    expect(() => tensor([1, 2, 3], [2, 2])).toThrow('3 values do not fill shape [2, 2]');
  });

  it('leaves no storage behind when it throws', () => {
    const before = defaultDevice().memory.info().liveStorages;
    expect(() => tensor([1, 2, 3], [2])).toThrow(code('SHAPE'));
    expect(defaultDevice().memory.info().liveStorages).toBe(before);
  });
});

describe('dtypes', () => {
  it('come from the typed array, or from the options', () => {
    expect(tensor(new Int32Array(2)).dtype).toBe('int32');
    expect(tensor(new Uint8Array(2)).dtype).toBe('uint8');
    expect(tensor(new Float64Array(2)).dtype).toBe('float32');
    expect(tensor([1, 2], [2], { dtype: 'int32' }).dtype).toBe('int32');
  });

  it('int32 keeps every bit', async () => {
    const values = Int32Array.from([0, -1, 2 ** 31 - 1, -(2 ** 31), 16_777_217]);
    expect(await tensor(values).data()).toEqual(values);
  });

  it.each([1, 2, 3, 4, 5, 7, 255, 1001])('uint8 of %i bytes comes back', async (n) => {
    const values = Uint8Array.from({ length: n }, (_, i) => (i * 37) % 256);
    expect(await tensor(values).data()).toEqual(values);
  });

  it('uploads views at odd offsets', async () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => i);
    expect(await tensor(bytes.subarray(3, 12)).data()).toEqual(bytes.subarray(3, 12));
    const floats = new Float32Array(16).map((_, i) => i);
    expect(await tensor(floats.subarray(5, 12)).data()).toEqual(floats.subarray(5, 12));
  });

  it('float32 keeps special values', async () => {
    const values = Float32Array.from([NaN, Infinity, -Infinity, -0, 1e-40, 3.4e38]);
    expect(await tensor(values).data()).toEqual(values);
  });

  it('only float32 has gradients, and only float32 is computed with', () => {
    expect(() => requireGrad(tensor(new Int32Array(2)))).toThrow(code('ARGUMENT'));
    expect(() => relu(tensor(new Uint8Array(2)))).toThrow('cast(x, "float32")');
  });
});

describe('reading', () => {
  it('item() needs exactly one element', async () => {
    expect(await tensor(2.5).item()).toBe(2.5);
    expect(await tensor([[7]]).item()).toBe(7);
    await expect(tensor([1, 2]).item()).rejects.toThrow('needs one element, got shape [2]');
    await expect(tensor([]).item()).rejects.toThrow(code('SHAPE'));
  });

  it('nothing can be computed on and read as well', async () => {
    const nothing = relu(add(tensor(new Float32Array(0), [0, 3]), 1));
    expect(nothing.shape).toEqual([0, 3]);
    expect(await nothing.data()).toEqual(new Float32Array(0));
    expect(await reshape(nothing, [3, 0]).array()).toEqual([[], [], []]);
  });

  it('rejects after dispose, and does not throw', async () => {
    const t = tensor([1]);
    t.dispose();
    await expect(t.data()).rejects.toThrow(code('DISPOSED'));
  });

  it('many reads at once arrive in any order of awaiting', async () => {
    const tensors = Array.from({ length: 50 }, (_, i) => tensor([i, i + 1]));
    const values = await Promise.all(tensors.toReversed().map((t) => t.data()));
    expect(values.map((v) => v[0])).toEqual(Array.from({ length: 50 }, (_, i) => 49 - i));
  });
});

it('shares the storage between handles, each with a lifetime of its own', async () => {
  const before = defaultDevice().memory.info().liveBytes;
  const t = tensor([1, 2, 3, 4]);
  const view = reshape(t, [2, 2]);
  const copy = t.detach();
  t.dispose();
  expect(await view.array()).toEqual([
    [1, 2],
    [3, 4],
  ]);
  view.dispose();
  expect([...(await copy.data())]).toEqual([1, 2, 3, 4]);
  copy.dispose();
  expect(defaultDevice().memory.info().liveBytes).toBe(before);
});

it('describes itself', () => {
  expect(String(empty([2, 3], 'int32'))).toBe('Tensor(int32 [2, 3])');
});
