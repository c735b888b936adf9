import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../src/gpu/init.js';
import { add, mul } from '../src/ops/index.js';
import { keep, scope } from '../src/scope.js';
import { tensor, type Tensor } from '../src/tensor.js';
import { openGpu } from './setup.js';

beforeAll(openGpu);
afterAll(shutdown);

const live = (): number => defaultDevice().memory.info().liveStorages;
let before = 0;
beforeEach(() => {
  before = live();
});

describe('scope', () => {
  it('frees what was made inside and not returned', async () => {
    const y = scope(() => mul(add(tensor([1, 2]), 1), 2));
    expect(live()).toBe(before + 1);
    expect([...(await y.data())]).toEqual([4, 6]);
    y.dispose();
    expect(live()).toBe(before);
  });

  it('lets arrays and plain objects of tensors escape, nested too', async () => {
    const made = scope(() => {
      tensor(0);
      return { list: [tensor(1), tensor(2)], inner: { one: tensor(3) }, text: 'x', none: null };
    });
    expect(live()).toBe(before + 3);
    expect(await made.inner.one.item()).toBe(3);
    for (const t of [...made.list, made.inner.one]) t.dispose();
    expect(live()).toBe(before);
  });

  it('hands what escapes to the scope around', () => {
    scope(() => {
      const inner = scope(() => tensor(1));
      expect(inner.isDisposed).toBe(false);
      expect(live()).toBe(before + 1);
    });
    expect(live()).toBe(before);
  });

  it('leaves tensors from outside alone, also when they are returned', () => {
    const outside = tensor(1);
    expect(scope(() => outside)).toBe(outside);
    expect(outside.isDisposed).toBe(false);
    outside.dispose();
  });

  it('keep() takes a tensor out of every scope', () => {
    let kept: Tensor | undefined;
    scope(() => {
      scope(() => {
        kept = keep(tensor(1));
      });
    });
    expect(kept!.isDisposed).toBe(false);
    kept!.dispose();
    expect(live()).toBe(before);
  });

  it('frees on an exception, and the scope around still works', () => {
    scope(() => {
      const mine = tensor(1);
      expect(() =>
        scope(() => {
          tensor(2);
          throw new Error('mine');
        }),
      ).toThrow('mine');
      expect(mine.isDisposed).toBe(false);
      tensor(3);
    });
    expect(live()).toBe(before);
  });

  it.each([
    ['a promise', async () => Promise.resolve(tensor(1))],
    ['a rejected promise', async () => Promise.reject(new Error(`of ${tensor(1).toString()}`))],
    ['a thenable', () => ({ then: () => tensor(1) })],
  ])('refuses %s, and frees', (_, fn) => {
    expect(() => scope(fn as () => never)).toThrow(
      expect.objectContaining({ code: 'ARGUMENT' }) as unknown,
    );
    expect(live()).toBe(before);
  });

  it('takes tensors that were disposed inside', () => {
    scope(() => {
      tensor(1).dispose();
    });
    expect(live()).toBe(before);
  });
});

it('using frees at the end of the block', () => {
  {
    using a = tensor([1, 2]);
    using b = add(a, 1);
    expect(b.isDisposed).toBe(false);
    expect(live()).toBe(before + 2);
  }
  expect(live()).toBe(before);
});
