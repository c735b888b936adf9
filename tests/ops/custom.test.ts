import { afterAll, beforeAll, expect, it } from 'vitest';
import { record } from '../../src/autograd.js';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { mul, runWgsl, sum } from '../../src/ops/index.js';
import { scope } from '../../src/scope.js';
import { empty, tensor, type Tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

const cube = `
#include lib/grid
struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;
@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i < p.n) { y[i] = x[i] * x[i] * x[i]; }
}`;

function cubed(x: Tensor, text = cube): Tensor {
  const y = empty(x.shape);
  runWgsl(text, {
    name: 'cube',
    operands: { x, y },
    params: { n: x.size },
    workgroups: Math.ceil(x.size / 64),
    flags: { WG: 64 },
  });
  return record('cube', [x], y, [x], (dy, [saved]) => [mul(dy, mul(saved!, mul(saved!, 3)))]);
}

it('a kernel of one’s own is an operation with a gradient', async () => {
  const before = defaultDevice().memory.info().liveStorages;
  const x = tensor(
    Float32Array.from({ length: 70 }, (_, i) => i - 35),
    [70],
    {
      requiresGrad: true,
    },
  );
  const loss = scope(() => sum(cubed(x)));
  loss.backward();
  const values = Array.from(await x.data());
  expect([...(await x.grad!.data())]).toEqual(values.map((v) => 3 * v * v));
  expect(await loss.item()).toBe(values.reduce((total, v) => total + v ** 3, 0));
  for (const t of [x, loss]) t.dispose();
  expect(defaultDevice().memory.info().liveStorages).toBe(before);
});

it('float16 tensors are what its f32 variables are bound to', async (context) => {
  context.skip(!defaultDevice().gpu.features.has('shader-f16'), 'this adapter has no float16');
  const x = tensor([1, 2, -3], [3], { dtype: 'float16', requiresGrad: true });
  const y = scope(() => cubed(x));
  const total = scope(() => sum(y));
  total.backward();
  expect([...(await y.data())]).toEqual([1, 8, -27]);
  expect([...(await x.grad!.data())]).toEqual([3, 12, 27]);
  const integers = cube.replace('x: array<f32>', 'x: array<i32>');
  expect(() => cubed(x, integers)).toThrow('"x" of i32 cannot be stored as float16');
  for (const t of [x, y, total]) t.dispose();
});

it('a text that does not compile rejects the next read, and shows the line', async () => {
  const x = tensor([1, 2]);
  const y = cubed(x, cube.replace('x[i] * x[i] * x[i]', 'x[i] * nothing'));
  await expect(y.data()).rejects.toThrow(/cube[^]*nothing[^]*y\[i\] = x\[i\] \* nothing/);
  for (const t of [x, y]) t.dispose();
});
