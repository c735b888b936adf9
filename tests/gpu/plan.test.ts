import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FoveaError } from '../../src/errors.js';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import type { Plan } from '../../src/gpu/plan.js';
import { add, dropout, fill, mul, zeros } from '../../src/ops/index.js';
import { runKernel } from '../../src/ops/run.js';
import { Random } from '../../src/random.js';
import { keep, scope } from '../../src/scope.js';
import { empty, tensor, type Tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

beforeEach(openGpu);
afterEach(shutdown);

/** Copies what `fn` makes to `target()` at each run. */
function captured(fn: () => Tensor, target: () => Tensor, keepBytes?: number): Plan {
  const device = defaultDevice();
  const note = (): void =>
    scope(() => {
      const y = fn();
      device.recorder.copy(y.storage, 0, () => target().storage, 0, y.storage.bytes);
    });
  return device.capture(note, keepBytes);
}

/** Runs a plan that has a target. */
function result(plan: Plan, aim: (target: Tensor) => void, size = 4): Tensor {
  const target = empty([size]);
  aim(target);
  defaultDevice().recorder.replay(plan);
  return target;
}

async function failureOf(work: Promise<unknown>): Promise<FoveaError> {
  const error = await work.then(
    (value) => expect.fail(`read ${String(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FoveaError);
  return error as FoveaError;
}

const BROKEN = `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = no_such_function(x[id.x]); }`;

const INCREMENT = `
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] += 1; }`;

describe('a plan', () => {
  let target: Tensor;
  const aim = (t: Tensor): void => void (target = t);
  const aimed = (): Tensor => target;

  it('runs nothing while it is captured, and the same commands at each run', async () => {
    const { recorder } = defaultDevice();
    const x = tensor([1, 2, 3, 4]);
    const dispatches = recorder.counters.dispatches;
    const plan = captured(() => mul(add(x, 1), x), aimed);
    expect(recorder.counters.dispatches).toBe(dispatches);
    for (let i = 0; i < 3; i++) {
      expect([...(await result(plan, aim).data())]).toEqual([2, 6, 12, 20]);
    }
    expect(recorder.counters.replays).toBe(3);
    recorder.release(plan);
  });

  it('asks functions again, and keeps runs apart that are not submitted yet', async () => {
    let value = 0;
    const plan = captured(
      () =>
        add(
          tensor(() => [value, 2 * value, 3, 4]),
          tensor([10, 20, 30, 40]),
        ),
      aimed,
    );
    const results = [1, 2, 3].map((next) => {
      value = next;
      return result(plan, aim);
    });
    const values = await Promise.all(results.map(async (t) => [...(await t.data())]));
    expect(values).toEqual([1, 2, 3].map((v) => [10 + v, 20 + 2 * v, 33, 44]));
  });

  it('passes seeds that change on to kernels', async () => {
    const ones = fill([64], 1);
    let seed = 0;
    const plan = captured(() => dropout(ones, { rate: 0.5, seed: () => seed }), aimed);
    for (seed of [5, 2 ** 40 + 1, 5]) {
      const eager = await dropout(ones, { rate: 0.5, seed }).data();
      expect(await result(plan, aim, 64).data()).toEqual(eager);
    }
  });

  it('does not mix uploads with results that had the same buffer before', async () => {
    const plan = captured(() => {
      let sum = fill([4], 0);
      for (let i = 0; i < 6; i++) {
        const before = sum;
        const term = tensor(() => [i, i, i, i]);
        const constant = tensor([1, 1, 1, 1]);
        sum = add(mul(term, constant), before);
        for (const t of [before, term, constant]) t.dispose();
      }
      return sum;
    }, aimed);
    for (let run = 0; run < 2; run++) {
      expect([...(await result(plan, aim).data())]).toEqual([15, 15, 15, 15]);
    }
  });

  it('sees values that are written between runs', async () => {
    const { recorder } = defaultDevice();
    const random = new Random(3);
    const x = tensor([0, 0, 0, 0]);
    let factor = 0;
    const plan = captured(
      () =>
        mul(
          x,
          tensor(() => [factor, factor, factor, factor]),
        ),
      aimed,
    );
    const runs: { readonly y: Tensor; readonly expected: number }[] = [];
    for (let i = 0; i < 40; i++) {
      const value = random.integer(100);
      factor = random.integer(100);
      recorder.upload(x.storage, new Float32Array(4).fill(value));
      if (random.integer(3) === 0) fill([4], NaN).dispose();
      runs.push({ y: result(plan, aim), expected: value * factor });
      if (random.integer(4) === 0) recorder.flush();
    }
    const seen = await Promise.all(runs.map(async ({ y }) => (await y.data())[3]));
    expect(seen).toEqual(runs.map(({ expected }) => expected));
  });

  it('is stale when something it uses was freed', () => {
    const x = tensor([1, 2, 3, 4]);
    const plan = captured(() => add(x, 1), aimed);
    expect(plan.isStale).toBe(false);
    x.dispose();
    expect(plan.isStale).toBe(true);
    defaultDevice().recorder.release(plan);
  });

  it('refuses reads and new values of tensors that were there before', async () => {
    const device = defaultDevice();
    const x = tensor([1, 2, 3, 4]);
    const before = device.memory.info();
    let read: Promise<unknown> | undefined;
    const plan = device.capture(() => {
      scope(() => void (read = failureOf(add(x, 1).data())));
    });
    expect(await read).toMatchObject({ code: 'ARGUMENT' });
    device.recorder.release(plan);
    const write = (): void => device.recorder.upload(x.storage, new Float32Array(4));
    expect(() => device.capture(() => scope(write))).toThrow('gives new values to a weight');
    expect(device.memory.info()).toMatchObject({ liveBytes: before.liveBytes });
    expect([...(await x.data())]).toEqual([1, 2, 3, 4]);
  });

  it('refuses to write over what is uploaded once for all runs', async () => {
    const kernel = defaultDevice().kernels.fromText('increment', INCREMENT);
    const step = (y: Tensor): Tensor => {
      runKernel('increment', kernel, { y }, {}, 1);
      return y;
    };
    expect(() => captured(() => step(tensor([1, 2, 3, 4])), aimed)).toThrow('writes over values');
    for (const make of [() => tensor(() => [0, 0, 0, 0]), () => zeros([4])]) {
      const plan = captured(() => step(make()), aimed);
      for (let run = 0; run < 3; run++) {
        expect([...(await result(plan, aim).data())]).toEqual([1, 1, 1, 1]);
      }
    }
  });
});

describe('what a plan keeps', () => {
  const ROOM = 1024;
  let target: Tensor;
  const aim = (t: Tensor): void => void (target = t);

  /** A plan that keeps 2 w; gives x + t + 2 w, where t = 3 x was freed before. */
  function keeping(x: Tensor, w: Tensor, room = ROOM): Plan {
    const { recorder } = defaultDevice();
    return captured(
      () => {
        const threefold = mul(x, 3);
        const sum = add(x, threefold);
        threefold.dispose();
        const kept = recorder.keep(() => add(w, w));
        const y = add(sum, kept);
        for (const t of [sum, kept]) t.dispose();
        // Takes a buffer that is free by now.
        return add(y, mul(x, 0));
      },
      () => target,
      room,
    );
  }

  /** Replays, and expects 4 x + 2 w of the first values; gives the number of dispatches. */
  async function replayed(plan: Plan, x: number, w: number): Promise<number> {
    const { counters } = defaultDevice().recorder;
    const y = empty([4]);
    aim(y);
    const before = counters.dispatches;
    defaultDevice().recorder.replay(plan);
    const count = counters.dispatches - before;
    expect((await y.data())[0]).toBe(4 * x + 2 * w);
    return count;
  }

  it('is made again only after what it is made of has changed', async () => {
    const { recorder, kernels } = defaultDevice();
    const [x, w] = [tensor([1, 2, 3, 4]), tensor([10, 20, 30, 40])];
    const plan = keeping(x, w);
    const all = await replayed(plan, 1, 10);
    const less = await replayed(plan, 1, 10);
    expect(less).toBeLessThan(all);
    recorder.upload(x.storage, new Float32Array([5, 5, 5, 5]));
    expect(await replayed(plan, 5, 10)).toBe(less);

    recorder.upload(w.storage, new Float32Array([7, 7, 7, 7]));
    expect(await replayed(plan, 5, 7)).toBe(all);
    expect(await replayed(plan, 5, 7)).toBe(less);

    const increment = (): void =>
      runKernel('increment', kernels.fromText('increment', INCREMENT), { y: w }, {}, 1);
    increment();
    expect(await replayed(plan, 5, 8)).toBe(all);

    const training = defaultDevice().capture(increment);
    recorder.replay(training);
    recorder.replay(training);
    expect(await replayed(plan, 5, 10)).toBe(all);

    recorder.copy(x.storage, 0, w.storage, 0, 16);
    expect(await replayed(plan, 5, 5)).toBe(all);
    expect(await replayed(plan, 5, 5)).toBe(less);
  });

  it('is right for runs that are not submitted yet', async () => {
    const { recorder } = defaultDevice();
    const [x, w] = [fill([4], 1), fill([4], 0)];
    const plan = keeping(x, w);
    const values = [3, 3, 4, 4, 5];
    const results = values.map((value) => {
      recorder.copy(fill([4], value).storage, 0, w.storage, 0, 16);
      const y = empty([4]);
      aim(y);
      recorder.replay(plan);
      recorder.replay(plan);
      return y;
    });
    const seen = await Promise.all(results.map(async (y) => (await y.data())[1]));
    expect(seen).toEqual(values.map((value) => 4 + 2 * value));
  });

  it('is nothing that does not fit, and nothing without room', async () => {
    const [x, w] = [fill([4], 1), fill([4], 2)];
    for (const room of [0, 15]) {
      const plan = keeping(x, w, room);
      const all = await replayed(plan, 1, 2);
      expect(await replayed(plan, 1, 2)).toBe(all);
    }
    const plan = keeping(x, w, 16);
    const all = await replayed(plan, 1, 2);
    expect(await replayed(plan, 1, 2)).toBeLessThan(all);
  });

  it('is nothing of what the plan itself makes or changes', async () => {
    const { recorder, kernels } = defaultDevice();
    const [x, w] = [fill([4], 1), fill([4], 2)];
    const increment = kernels.fromText('increment', INCREMENT);
    const changes = captured(
      () => {
        runKernel('increment', increment, { y: w }, {}, 1);
        return recorder.keep(() => add(w, w));
      },
      () => target,
      ROOM,
    );
    const makes = captured(
      () => recorder.keep(() => mul(add(x, 1), 10)),
      () => target,
      ROOM,
    );
    for (let run = 1; run <= 3; run++) {
      expect((await result(changes, aim).data())[0]).toBe(2 * (2 + run));
      recorder.copy(fill([4], run).storage, 0, x.storage, 0, 16);
      expect((await result(makes, aim).data())[0]).toBe(10 * (run + 1));
    }
  });

  it('asks for numbers that change again', async () => {
    const x = fill([64], 1);
    let seed = 0;
    const plan = captured(
      () => defaultDevice().recorder.keep(() => dropout(x, { rate: 0.5, seed: () => seed })),
      () => target,
      ROOM,
    );
    for (seed of [1, 2, 3]) {
      const eager = await dropout(x, { rate: 0.5, seed }).data();
      expect(await result(plan, aim, 64).data()).toEqual(eager);
    }
  });

  it('makes the plan stale when it fails', async () => {
    const { recorder, kernels } = defaultDevice();
    const w = fill([4], 1);
    const plan = captured(
      () =>
        recorder.keep(() => {
          const y = empty([4]);
          runKernel('broken', kernels.fromText('my_kernel', BROKEN), { x: w, y }, {}, 1);
          return y;
        }),
      () => target,
      ROOM,
    );
    const runs = [result(plan, aim), result(plan, aim)];
    for (const y of runs) expect((await failureOf(y.data())).message).toContain('my_kernel');
    expect(plan.isStale).toBe(true);
  });

  it('is given back with the plan', async () => {
    const { memory, recorder } = defaultDevice();
    const [x, w] = [fill([4], 1), fill([4], 2)];
    const round = async (): Promise<void> => {
      const plan = keeping(x, w);
      await replayed(plan, 1, 2);
      await replayed(plan, 1, 2);
      recorder.release(plan);
    };
    await round();
    const { liveStorages, buffersCreated } = memory.info();
    for (let i = 0; i < 3; i++) await round();
    // Two results a round.
    expect(memory.info().liveStorages - liveStorages).toBe(6);
    expect(memory.info().buffersCreated - buffersCreated).toBeLessThanOrEqual(6);
  });
});

describe('memory of a plan', () => {
  it('is counted as buffers, and is given back', async () => {
    const { memory, recorder } = defaultDevice();
    const x = tensor([1, 2, 3, 4]);
    const target = empty([4]);
    await recorder.finish();
    const before = memory.info();
    const round = (): void => {
      const plan = captured(
        () =>
          add(
            add(
              x,
              tensor(() => [1, 2, 3, 4]),
            ),
            fill([4], 1),
          ),
        () => target,
      );
      recorder.replay(plan);
      expect(memory.info()).toMatchObject({
        liveBytes: before.liveBytes,
        liveStorages: before.liveStorages,
      });
      recorder.release(plan);
    };
    round();
    const { buffersCreated } = memory.info();
    for (let i = 0; i < 5; i++) round();
    expect(memory.info()).toMatchObject({ buffersCreated, liveStorages: before.liveStorages });
    expect([...(await target.data())]).toEqual([3, 5, 7, 9]);
  });

  it('stays as long as a tensor in it', async () => {
    const device = defaultDevice();
    const { memory, recorder } = device;
    const before = memory.info().liveStorages;
    let kept: Tensor | undefined;
    const plan = device.capture(() => scope(() => void (kept = keep(fill([4], 7)))));
    recorder.replay(plan);
    recorder.release(plan);
    expect(memory.info().liveStorages).toBe(before + 1);
    for (let i = 0; i < 8; i++) fill([4], i);
    expect([...(await kept!.data())]).toEqual([7, 7, 7, 7]);
    kept!.dispose();
  });

  it('is given back when the function throws', () => {
    const device = defaultDevice();
    const before = device.memory.info();
    const broken = (): void => {
      scope(() => {
        fill([4], 1);
        throw new Error('from inside');
      });
    };
    for (let i = 0; i < 3; i++) expect(() => device.capture(broken)).toThrow('from inside');
    expect(device.memory.info()).toMatchObject({
      liveStorages: before.liveStorages,
      buffersCreated: before.buffersCreated + 1,
    });
    fill([4], 1).dispose();
  });
});

describe('a plan that fails', () => {
  let target: Tensor;
  const aim = (t: Tensor): void => void (target = t);
  const aimed = (): Tensor => target;

  it('fails its results, and says which kernel it was', async () => {
    const x = tensor([1, 2, 3, 4]);
    const plan = captured(() => {
      const y = empty(x.shape);
      const kernel = defaultDevice().kernels.fromText('my_kernel', BROKEN);
      runKernel('broken', kernel, { x, y }, {}, 1);
      return add(y, 1);
    }, aimed);
    for (let i = 0; i < 2; i++) {
      const y = result(plan, aim);
      const after = add(y, 1);
      expect((await failureOf(y.data())).message).toContain('kernel my_kernel');
      expect((await failureOf(after.data())).code).toBe('VALIDATION');
    }
    expect([...(await x.data())]).toEqual([1, 2, 3, 4]);
  });

  it('fails what is kept of it', async () => {
    const device = defaultDevice();
    const x = tensor([1, 2, 3, 4]);
    const kept: Tensor[] = [];
    const plan = device.capture(() => {
      scope(() => {
        const y = empty(x.shape);
        runKernel('broken', device.kernels.fromText('my_kernel', BROKEN), { x, y }, {}, 1);
        kept.push(keep(y), keep(tensor([1, 2])));
      });
    });
    device.recorder.replay(plan);
    expect(plan.survivors()).toEqual(kept.map(({ storage }) => storage));
    device.recorder.release(plan);
    for (const t of kept) expect((await failureOf(t.data())).code).toBe('VALIDATION');
  });

  it('names operations and shapes when the GPU rejects it', async () => {
    const x = tensor([1, 2, 3, 4]);
    const plan = captured(() => add(x, 1), aimed);
    expect([...(await result(plan, aim).data())]).toEqual([2, 3, 4, 5]);
    x.storage.block.buffer.destroy();
    const { code, message } = await failureOf(result(plan, aim).data());
    expect(code).toBe('VALIDATION');
    expect(message).toContain('add');
    expect(message).toContain('[4]');
  });

  it('passes on failures of what goes in, for that run alone', async () => {
    const { kernels, recorder } = defaultDevice();
    const good = tensor([1, 2, 3, 4]);
    const bad = empty([4]);
    runKernel('broken', kernels.fromText('my_kernel', BROKEN), { x: good, y: bad }, {}, 1);
    let source = good;
    const plan = captured(() => {
      const x = empty([4]);
      recorder.copy(() => source.storage, 0, x.storage, 0, 16);
      return add(x, 1);
    }, aimed);
    const results = [good, bad, good].map((next) => {
      source = next;
      recorder.flush();
      return result(plan, aim);
    });
    expect([...(await results[0]!.data())]).toEqual([2, 3, 4, 5]);
    expect((await failureOf(results[1]!.data())).code).toBe('VALIDATION');
    expect([...(await results[2]!.data())]).toEqual([2, 3, 4, 5]);
  });
});
