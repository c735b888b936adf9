import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FoveaError, type ErrorCode } from '../../src/errors.js';
import { defaultDevice, init, shutdown } from '../../src/gpu/init.js';
import { add, fill, mul } from '../../src/ops/index.js';
import { runKernel } from '../../src/ops/run.js';
import { empty, tensor, type Tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

beforeEach(openGpu);
afterEach(shutdown);

const BROKEN = `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  y[id.x] = not_a_function(x[id.x]);
}`;

/** The result of a kernel that does not compile. */
function broken(x: Tensor): Tensor {
  const y = empty(x.shape);
  runKernel('broken', defaultDevice().kernels.fromText('my_kernel', BROKEN), { x, y }, {}, 1);
  return y;
}

async function failureOf(work: Promise<unknown>): Promise<FoveaError> {
  const error = await work.then(
    (value) => expect.fail(`read ${String(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FoveaError);
  return error as FoveaError;
}

async function expectCode(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  expect((await failureOf(work)).code).toBe(code);
}

describe('a kernel that does not compile', () => {
  it('rejects the read with its name, the message and the line', async () => {
    const error = await failureOf(broken(tensor([1, 2, 3])).data());
    expect(error.code).toBe('VALIDATION');
    expect(error.message).toContain('kernel my_kernel');
    expect(error.message).toContain("unresolved call target 'not_a_function'");
    expect(error.message).toContain('y[id.x] = not_a_function(x[id.x]);');
  });

  it('rejects every read of what depends on it, now and later', async () => {
    const y = broken(tensor([1, 2, 3]));
    const same = add(y, 1);
    await expectCode(y.data(), 'VALIDATION');
    await expectCode(same.data(), 'VALIDATION');
    await expectCode(y.data(), 'VALIDATION');
    await expectCode(mul(add(same, 1), 2).data(), 'VALIDATION');
    await expectCode(y.detach().data(), 'VALIDATION');
  });

  it('rejects dependents in later chunks, with all reads in flight at once', async () => {
    let y = broken(tensor([1, 2, 3]));
    const reads = [y.data()];
    for (let i = 0; i < 200; i++) {
      y = add(y, 1);
      if (i % 20 === 0) reads.push(y.data());
    }
    for (const read of reads) read.catch(() => undefined);
    for (const read of reads) await expectCode(read, 'VALIDATION');
  });

  it('leaves unrelated tensors alone, also when they are read in the same chunk', async () => {
    const x = tensor([1, 2, 3]);
    const earlier = add(x, 1);
    await earlier.data();
    const y = broken(x);
    const [values, uploaded, error] = await Promise.all([
      earlier.data(),
      tensor([7, 8]).data(),
      failureOf(y.data()),
    ]);
    expect([...values]).toEqual([2, 3, 4]);
    expect([...uploaded]).toEqual([7, 8]);
    expect(error.code).toBe('VALIDATION');
    expect([...(await add(x, 5).data())]).toEqual([6, 7, 8]);
  });

  it('is never answered with zeros by its chunk', async () => {
    const x = tensor([1, 2, 3]);
    const before = fill([3], 4);
    broken(x);
    // Recorded in the same chunk, so rejected by the GPU with it: the right values or an error.
    const values = await before.data().catch((error: unknown) => error);
    if (values instanceof FoveaError) expect(values.code).toBe('VALIDATION');
    else expect([...(values as Float32Array)]).toEqual([4, 4, 4]);
  });

  it('rejects copies of its result', async () => {
    const y = broken(tensor([1, 2, 3, 4]));
    const to = tensor([0, 0, 0, 0]);
    defaultDevice().recorder.copy(y.storage, 0, to.storage, 0, 16);
    await expectCode(to.data(), 'VALIDATION');
  });

  it('lets the same buffer serve again', async () => {
    const y = broken(tensor([1, 2, 3]));
    await expectCode(y.data(), 'VALIDATION');
    y.dispose();
    for (let i = 0; i < 8; i++) expect([...(await fill([3], i).data())]).toEqual([i, i, i]);
  });
});

describe('a lost device', () => {
  it('rejects reads after it was destroyed, and those in flight', async () => {
    const t = fill([100_000], 1);
    await t.data();
    const inFlight = fill([100], 2).data();
    shutdown();
    // It may have arrived before: then with its values.
    const values = await inFlight.catch((error: unknown) => error);
    if (values instanceof FoveaError) expect(values.code).toBe('DEVICE_LOST');
    else expect(new Set(values as Float32Array)).toEqual(new Set([2]));
    await expectCode(t.data(), 'DEVICE_LOST');
    expect(() => add(t, t)).toThrow('no GPU is open');
    t.dispose();
  });

  it('refuses tensors of a device that was shut down', async () => {
    const old = tensor([1, 2]);
    shutdown();
    await openGpu();
    const error = expect.objectContaining({ code: 'DEVICE_LOST' }) as unknown as Error;
    expect(() => add(old, old)).toThrow(error);
    expect(() => add(tensor([1, 2]), old)).toThrow(error);
    await expectCode(old.data(), 'DEVICE_LOST');
  });

  it('rejects reads when the driver takes it away', async () => {
    const t = fill([1000], 1);
    defaultDevice().gpu.destroy();
    await expectCode(t.data(), 'DEVICE_LOST');
    await expectCode(add(t, 1).data(), 'DEVICE_LOST');
    await expectCode(defaultDevice().recorder.finish(), 'DEVICE_LOST');
  });

  it('may be opened again, many times', async () => {
    for (let round = 0; round < 20; round++) {
      shutdown();
      expect(() => tensor([1])).toThrow('no GPU is open');
      await init({ log: () => undefined });
      const t = add(tensor([1, 2]), round);
      expect([...(await t.data())]).toEqual([1 + round, 2 + round]);
      expect(defaultDevice().memory.info().liveStorages).toBe(2);
    }
  });
});

describe('running out of memory', () => {
  it('rejects the next read, and says how much was in use', async () => {
    const { gpu } = defaultDevice();
    await defaultDevice().recorder.finish();
    // Really filling the memory would disturb others: the answer of the GPU is put in its place.
    const answer = gpu.popErrorScope.bind(gpu);
    vi.spyOn(gpu, 'popErrorScope').mockImplementationOnce(async () => {
      await answer();
      return { message: 'no memory' };
    });
    const t = tensor(new Float32Array(1000));
    const error = await failureOf(t.data());
    expect(error.code).toBe('OUT_OF_MEMORY');
    expect(error.message).toContain('no room for 4096 bytes more (4000 bytes are in use)');
  });
});

describe('limits', () => {
  it('throws at the call for a tensor above the largest buffer', async () => {
    const { gpu, memory } = defaultDevice();
    const before = memory.info();
    const elements = Math.floor(gpu.limits.maxBufferSize / 4) + 64;
    expect(() => empty([elements])).toThrow(expect.objectContaining({ code: 'LIMIT' }) as unknown);
    expect(memory.info()).toEqual(before);
    expect([...(await fill([2], 1).data())]).toEqual([1, 1]);
  });

  it('throws at the call for an operand above the binding limit that has no windows', () => {
    defaultDevice().bindingLimit = 1024;
    const x = tensor(new Float32Array(600), [2, 300]);
    expect(() => add(x, tensor(new Float32Array(300), [1, 300]))).toThrow(
      expect.objectContaining({ code: 'LIMIT' }) as unknown,
    );
  });
});

it('a disposed tensor throws and says where it was disposed', () => {
  const t = tensor([1, 2]);
  t.dispose();
  t.dispose();
  expect(t.isDisposed).toBe(true);
  try {
    add(t, 1);
    expect.fail('add did not throw');
  } catch (error) {
    expect(error).toMatchObject({ code: 'DISPOSED' });
    expect((error as FoveaError).message).toContain('a tensor [2] is used after dispose()');
    expect(((error as FoveaError).cause as Error).stack).toContain('failures.test.ts');
  }
});
