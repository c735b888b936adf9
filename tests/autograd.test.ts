import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noGrad, valueAndGrad } from '../src/autograd.js';
import { defaultDevice, shutdown } from '../src/gpu/init.js';
import { add, div, matmul, mul, relu, reshape, square, sum } from '../src/ops/index.js';
import { scope } from '../src/scope.js';
import { tensor, type NestedArray, type Tensor } from '../src/tensor.js';
import { openGpu } from './setup.js';

beforeAll(openGpu);
afterAll(shutdown);

const counters = (): { liveStorages: number; liveBytes: number } => {
  const { liveStorages, liveBytes } = defaultDevice().memory.info();
  return { liveStorages, liveBytes };
};
let before = { liveStorages: 0, liveBytes: 0 };
beforeEach(() => {
  before = counters();
});

const param = (values: NestedArray): Tensor => tensor(values, undefined, { requiresGrad: true });
const gradOf = async (t: Tensor): Promise<number[]> => [...(await t.grad!.data())];
const argumentError = expect.objectContaining({ code: 'ARGUMENT' }) as unknown as Error;

/** Checks that not a byte is left once `tensors` are freed. */
function expectAllFree(...tensors: readonly Tensor[]): void {
  for (const t of tensors) t.dispose();
  expect(counters()).toEqual(before);
}

describe('backward', () => {
  it('adds up over calls with fresh graphs', async () => {
    const w = param([1, 2, 3]);
    for (let i = 1; i <= 3; i++) {
      scope(() => {
        sum(square(w)).backward();
      });
      expect(await gradOf(w)).toEqual([2 * i, 4 * i, 6 * i]);
    }
    expectAllFree(w);
  });

  it('follows both ways of a diamond', async () => {
    const x = param([1, -2, 3]);
    // (2x)(x) + relu(x) + x: 4x + [x > 0] + 1.
    scope(() => {
      const doubled = mul(x, 2);
      sum(add(add(mul(doubled, x), relu(x)), x)).backward();
    });
    expect(await gradOf(x)).toEqual([6, -7, 14]);
    expectAllFree(x);
  });

  it('follows the same tensor on both sides of an operation', async () => {
    const x = param([2, 4]);
    scope(() => {
      sum(add(mul(x, x), div(x, x))).backward();
    });
    expect(await gradOf(x)).toEqual([4, 8]);
    expectAllFree(x);
  });

  it('goes down a long chain', async () => {
    const x = param([1]);
    const y = scope(() => {
      let chain = x;
      for (let i = 0; i < 3000; i++) chain = add(chain, 1);
      return sum(chain);
    });
    y.backward();
    expect(await gradOf(x)).toEqual([1]);
    expectAllFree(y, x);
  });

  it('takes a seed, and needs one for more than one element', async () => {
    const x = param([1, 2]);
    using y = square(x);
    expect(() => y.backward()).toThrow('needs a seed gradient of shape [2], got none');
    expect(() => y.backward(tensor([1, 2, 3]))).toThrow('got [3]');
    const seed = tensor([10, 100]);
    y.backward(seed);
    expect(await gradOf(x)).toEqual([20, 400]);
    expect([...(await seed.data())]).toEqual([10, 100]);
  });

  it('throws where nothing needs a gradient', () => {
    const x = tensor([1]);
    expect(() => add(x, 1).backward()).toThrow('depends on no tensor with requiresGrad');
  });

  it('throws the second time on one loss, and changes nothing', async () => {
    const w = param([3]);
    const loss = scope(() => sum(square(w)));
    loss.backward();
    expect(() => loss.backward()).toThrow(argumentError);
    expect(await gradOf(w)).toEqual([6]);
    expectAllFree(loss, w);
  });

  it('throws when a second loss shares a used part of the tape', () => {
    const w = param([3]);
    const shared = square(w);
    const [first, second] = scope(() => [sum(shared), sum(mul(shared, 2))] as const);
    first.backward();
    expect(() => second.backward()).toThrow('Compute the loss again');
    expectAllFree(shared, first, second, w);
  });

  it('does not reach a parameter that is gone', () => {
    const [w, v] = [param([3]), param([4])];
    const loss = scope(() => sum(mul(w, v)));
    w.dispose();
    loss.backward();
    expect(v.grad).toBeDefined();
    expectAllFree(loss, v);
  });
});

describe('gradients are made only where they are needed', () => {
  it('a frozen side costs nothing', async () => {
    const x = tensor(new Float32Array(4096), [64, 64]);
    const w = tensor(new Float32Array(64).fill(1), [64, 1], { requiresGrad: true });
    const y = matmul(x, w);
    const peakBefore = defaultDevice().memory.info().peakBytes;
    expect(peakBefore).toBeGreaterThan(0);
    const dispatches = defaultDevice().recorder.counters.dispatches;
    scope(() => {
      sum(y).backward();
    });
    const frozen = defaultDevice().recorder.counters.dispatches - dispatches;
    expect(x.grad).toBeUndefined();
    expect(await gradOf(w)).toEqual(Array<number>(64).fill(0));

    const again = tensor(new Float32Array(4096), [64, 64], { requiresGrad: true });
    const z = matmul(again, w);
    const start = defaultDevice().recorder.counters.dispatches;
    scope(() => {
      sum(z).backward();
    });
    expect(defaultDevice().recorder.counters.dispatches - start).toBeGreaterThan(frozen);
    expectAllFree(x, w, y, again, z);
  });

  it('without requiresGrad nothing is saved', () => {
    const x = tensor([1, 2, 3]);
    const y = scope(() => sum(square(mul(x, 3))));
    expect(y.requiresGrad).toBe(false);
    expect(counters().liveStorages).toBe(before.liveStorages + 2);
    expectAllFree(x, y);
  });

  it('detach() cuts the tape', async () => {
    const x = param([1, 2]);
    scope(() => {
      sum(mul(x, x.detach())).backward();
    });
    expect(await gradOf(x)).toEqual([1, 2]);
    expectAllFree(x);
  });
});

describe('noGrad', () => {
  it('records nothing, and records again afterwards', () => {
    const x = param([1, 2]);
    const inside = noGrad(() => square(x));
    const outside = square(x);
    expect([inside.requiresGrad, outside.requiresGrad]).toEqual([false, true]);
    expectAllFree(inside, outside, x);
  });

  it('records again after an exception, and nests', () => {
    const x = param([1]);
    expect(() =>
      noGrad(() => {
        noGrad(() => undefined);
        using y = square(x);
        expect(y.requiresGrad).toBe(false);
        throw new Error('mine');
      }),
    ).toThrow('mine');
    using y = square(x);
    expect(y.requiresGrad).toBe(true);
    x.dispose();
  });
});

describe('valueAndGrad', () => {
  it('gives value and gradients, and leaves the parameters as they were', async () => {
    const [a, b, unused] = [tensor([1, 2]), param([3, 4]), tensor([5])];
    const { value, grads } = scope(() => valueAndGrad(() => sum(mul(a, b)), [a, b, unused]));
    expect(await value.item()).toBe(11);
    expect(await grads[0]!.array()).toEqual([3, 4]);
    expect(await grads[1]!.array()).toEqual([1, 2]);
    expect(grads[2]).toBeUndefined();
    expect([a.requiresGrad, b.requiresGrad, b.grad]).toEqual([false, true, undefined]);
    expectAllFree(a, b, unused, value, grads[0]!, grads[1]!);
  });

  it('leaves nothing behind when the function throws', () => {
    const a = param([1, 2]);
    expect(() =>
      scope(() =>
        valueAndGrad(() => {
          square(a);
          throw new Error('mine');
        }, [a]),
      ),
    ).toThrow('mine');
    expect(a.requiresGrad).toBe(true);
    expectAllFree(a);
  });
});

describe('what the tape saved is freed', () => {
  it('by backward, before the results are', () => {
    const x = param([1, 2, 3]);
    const hidden = mul(x, 2);
    const y = square(hidden);
    hidden.dispose();
    // x, y and what the tape saved: hidden (x is saved as a handle to its own storage), and the 2.
    expect(counters().liveStorages).toBeGreaterThan(before.liveStorages + 2);
    scope(() => {
      y.backward(y.detach());
    });
    x.grad!.dispose();
    x.grad = undefined;
    y.dispose();
    expectAllFree(x);
  });

  it('with the loss, when backward is never called', () => {
    const x = param([1, 2, 3]);
    const loss = scope(() => sum(square(mul(x, 2))));
    expect(counters().liveStorages).toBeGreaterThan(before.liveStorages + 2);
    loss.dispose();
    expect(counters().liveStorages).toBe(before.liveStorages + 1);
    expectAllFree(x);
  });

  it('also when a branch of it is held on to', () => {
    const x = param([1, 2, 3]);
    const branch = square(x);
    const loss = scope(() => sum(mul(branch, 3)));
    loss.dispose();
    scope(() => {
      sum(branch).backward();
    });
    expect(x.grad).toBeDefined();
    expectAllFree(branch, x);
  });
});

it('a training loop leaves no bytes and makes no buffers once it runs', async () => {
  const w = param([[0.1], [0.2]]);
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  let steady = 0;
  for (let step = 0; step < 30; step++) {
    scope(() => {
      sum(square(reshape(matmul(x, w), [2]))).backward();
    });
    w.grad!.dispose();
    w.grad = undefined;
    if (step === 5) steady = defaultDevice().memory.info().buffersCreated;
  }
  expect(defaultDevice().memory.info().buffersCreated).toBe(steady);
  await w.data();
  expectAllFree(w, x);
});
