import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { add, div, fill, maximum, mul, relu, sub } from '../../src/ops/index.js';
import { empty, tensor, type Tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

/** Numbers in [0, 1), the same every time (Marsaglia's xorshift). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A tensor with what it must contain. */
interface Pair {
  readonly t: Tensor;
  readonly model: Float64Array;
}

const SIZES = [1, 5, 64, 100, 1000];

/** Random work on a handful of small tensors, and the same in float64. */
class Interleaving {
  private pairs: Pair[] = [];
  readonly reads: Promise<void>[] = [];
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = generator(seed);
  }

  step(): void {
    if (this.pairs.length < 6) {
      this.upload();
      return;
    }
    const dice = this.random();
    if (dice < 0.25) this.upload();
    else if (dice < 0.45) this.pick(true).t.dispose();
    else if (dice < 0.85) this.compute();
    else this.reads.push(this.read(this.pick()));
  }

  /** Reads everything and frees it. */
  async end(): Promise<void> {
    this.reads.push(...this.pairs.map((pair) => this.read(pair)));
    for (const { t } of this.pairs) t.dispose();
    await Promise.all(this.reads);
  }

  private below(n: number): number {
    return Math.floor(this.random() * n);
  }

  private pick(remove = false): Pair {
    const index = this.below(this.pairs.length);
    return remove ? this.pairs.splice(index, 1)[0]! : this.pairs[index]!;
  }

  private upload(): void {
    const model = new Float64Array(SIZES[this.below(SIZES.length)]!);
    // Sixteenths of small numbers, so that float32 sums are exact.
    model.forEach((_, i) => (model[i] = Math.round(this.random() * 64 - 32) / 16));
    this.pairs.push({ t: tensor(Float32Array.from(model)), model });
  }

  private compute(): void {
    const a = this.pick();
    const b = this.pairs.filter(({ model }) => model.length === a.model.length).at(-1)!;
    const choices: [() => Tensor, (x: number, y: number) => number][] = [
      [() => add(a.t, b.t), (x, y) => x + y],
      [() => sub(a.t, b.t), (x, y) => x - y],
      [() => maximum(a.t, b.t), (x, y) => Math.max(x, y)],
      [() => mul(a.t, 0.5), (x) => x / 2],
      [() => relu(a.t), (x) => Math.max(x, 0)],
      [() => fill([a.t.size], 3), () => 3],
    ];
    const [onGpu, onCpu] = choices[this.below(choices.length)]!;
    const t = onGpu();
    this.pairs.push({ t, model: a.model.map((x, i) => onCpu(x, b.model[i]!)) });
  }

  private async read({ t, model }: Pair): Promise<void> {
    const values = Float64Array.from(await t.data());
    const wrong = values.findIndex((value, i) => Math.abs(value - model[i]!) > 1e-4);
    expect(wrong === -1 ? undefined : [wrong, values[wrong], model[wrong]]).toBeUndefined();
    expect(values.length).toBe(model.length);
  }
}

describe('uploads, frees, operations and reads in any order', () => {
  it.each([1, 2, 3, 4, 5])('seed %i', async (seed) => {
    const before = defaultDevice().memory.info();
    const work = new Interleaving(seed * 7919);
    for (let step = 0; step < 400; step++) {
      work.step();
      // Some reads come back in between, most are in flight while more is recorded.
      if (step % 97 === 0) await work.reads.at(-1);
    }
    await work.end();
    expect(defaultDevice().memory.info().liveBytes).toBe(before.liveBytes);
  });
});

it('an upload into a recycled buffer does not overtake the work that still reads it', async () => {
  const first = tensor([1, 2, 3, 4]);
  const sum = add(first, first);
  const block = first.storage.block;
  first.dispose();
  let second = tensor([9, 9, 9, 9]);
  // The poison of the tests takes buffers as well: until the same buffer comes back.
  for (let i = 0; i < 20 && second.storage.block !== block; i++) second = tensor([9, 9, 9, 9]);
  expect(second.storage.block).toBe(block);
  expect([...(await sum.data())]).toEqual([2, 4, 6, 8]);
  expect([...(await second.data())]).toEqual([9, 9, 9, 9]);
});

it('a tensor freed while its read is in flight still arrives', async () => {
  const t = fill([1000], 5);
  const reading = t.data();
  t.dispose();
  const other = fill([1000], 6);
  expect(new Set(await reading)).toEqual(new Set([5]));
  other.dispose();
});

it('folds more than 65,535 workgroups', async () => {
  // One workgroup fills 64 vec4s.
  const n = 4 * 64 * 65_535 + 1000;
  const t = empty([n]);
  const { recorder, kernels } = defaultDevice();
  const { storage } = t;
  recorder.dispatch({
    kernel: kernels.get('fill', { WG: 64, EACH: 1 }),
    bindings: { y: { storage, offset: 0, bytes: storage.bytes } },
    params: { count: n / 4, value: 2.5 },
    workgroups: Math.ceil(n / 4 / 64),
    label: () => 'fill',
  });
  const values = await t.data();
  expect(values.length).toBe(n);
  expect(values.every((value) => value === 2.5)).toBe(true);
  t.dispose();
});

it('refuses no and too many workgroups, and works on', async () => {
  const t = fill([8], 1);
  const { recorder, kernels } = defaultDevice();
  const bindings = { y: { storage: t.storage, offset: 0, bytes: 32 } };
  for (const workgroups of [0, 65_535 ** 2 + 1]) {
    const dispatch = { bindings, params: { count: 2, value: 0 }, workgroups, label: () => 'fill' };
    expect(() =>
      recorder.dispatch({ ...dispatch, kernel: kernels.get('fill', { WG: 64, EACH: 1 }) }),
    ).toThrow(`fill: ${workgroups} workgroups cannot be dispatched`);
  }
  expect([...(await t.data())]).toEqual(Array<number>(8).fill(1));
});

it('copies between tensors', async () => {
  const from = tensor([1, 2, 3, 4]);
  const to = fill([4], 0);
  defaultDevice().recorder.copy(from.storage, 4, to.storage, 8, 8);
  const after = div(to, 2);
  expect([...(await after.data())]).toEqual([0, 0, 1, 1.5]);
});

it('counts what it does', async () => {
  const { recorder } = defaultDevice();
  await recorder.finish();
  const before = { ...recorder.counters };
  const t = tensor([1, 2, 3]);
  await t.data();
  expect(recorder.counters.reads - before.reads).toBe(1);
  expect(recorder.counters.bytesUp - before.bytesUp).toBe(12);
  expect(recorder.counters.bytesDown - before.bytesDown).toBe(12);
  expect(recorder.counters.submits).toBeGreaterThan(before.submits);
});
