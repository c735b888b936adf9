import { openedGpu } from '#host';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { compileKernels } from '../../src/gpu/compile.js';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import type { Kernel } from '../../src/gpu/kernel.js';
import { runKernel } from '../../src/ops/run.js';
import { empty } from '../../src/tensor.js';
import { asOnSoftwareOf, openGpu } from '../setup.js';

beforeEach(openGpu);
afterEach(shutdown);

/** y[i] = value, and as much text as wanted. */
const fills = (value: number | string, words = 0): string => `
  // ${'word '.repeat(words)}
  @group(0) @binding(0) var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
    y[id.x] = ${value};
  }`;

function kernelOf(text: string): Kernel {
  return defaultDevice().kernels.fromText('fills', text);
}

/** What a kernel writes. */
async function resultOf(kernel: Kernel): Promise<number> {
  using y = empty([64]);
  runKernel('test', kernel, { y }, {}, 1);
  return (await y.data())[63]!;
}

describe.each([
  ['when they are made', 'google'],
  ['when they first run', 'mesa'],
])('kernels that are translated %s', (_, vendor) => {
  let undo: () => void;
  beforeEach(() => void (undo = asOnSoftwareOf(vendor)));
  afterEach(() => undo());

  it('are all compiled, and give what they give', async () => {
    const values = Array.from({ length: 12 }, (_, i) => i);
    const kernels = values.map((i) => kernelOf(fills(i, i)));
    expect(await resultOf(kernels[3]!)).toBe(3);
    const seen: [number, number][] = [];
    const requests = vi.spyOn(openedGpu(), 'requestAdapter');
    const onProgress = (...now: [number, number]): void => void seen.push(now);
    await compileKernels(defaultDevice(), new Set(kernels), { onProgress });
    expect(seen).toEqual(values.map((i) => [i + 1, 12]));
    expect(kernels.filter(({ isCompiled }) => !isCompiled)).toEqual([]);
    expect(requests.mock.calls.length > 0).toBe(vendor === 'mesa');
    requests.mockRestore();
    expect(await Promise.all(kernels.map(resultOf))).toEqual(values);
  });

  it('say what is wrong with them when they are used, and leave the others alone', async () => {
    const [good, bad] = [kernelOf(fills(7)), kernelOf(fills('"seven"'))];
    await compileKernels(defaultDevice(), new Set([bad, good]));
    expect(await resultOf(good)).toBe(7);
    await expect(resultOf(bad)).rejects.toThrow(/kernel fills .* does not compile/);
    expect(await resultOf(good)).toBe(7);
  });

  it('may need larger operands than they are translated with', async () => {
    const large = kernelOf(fills(7).replace('array<f32>', 'array<f32, 100000>'));
    await compileKernels(defaultDevice(), new Set([large]));
    using y = empty([100_000]);
    runKernel('test', large, { y }, {}, 1);
    expect((await y.data())[63]).toBe(7);
  });

  it('are compiled as long as nobody stops it', async () => {
    const kernels = Array.from({ length: 40 }, (_, i) => kernelOf(fills(i)));
    const stop = new AbortController();
    const onProgress = (done: number): void => {
      if (done === 2) stop.abort(new Error('enough'));
    };
    const options = { onProgress, signal: stop.signal };
    const compiled = compileKernels(defaultDevice(), new Set(kernels), options);
    await expect(compiled).rejects.toThrow('enough');
    expect(kernels.filter(({ isCompiled }) => isCompiled).length).toBeLessThan(20);
    expect(await resultOf(kernels[39]!)).toBe(39);
  });
});
