import { defaultDevice } from '../src/gpu/init.js';
import { runWgsl } from '../src/ops/index.js';
import { scope } from '../src/scope.js';
import { empty, type Tensor } from '../src/tensor.js';
import { timed } from './measure.js';

/** What the adapter can do at most, by two small kernels. */
export interface Roofline {
  readonly 'GFLOP/s': number;
  readonly 'GB/s': number;
}

const ACCUMULATORS = 32;
const STEPS = 4096;
const WORKGROUPS = 256;

/** Multiply-adds on values that stay in registers. */
const multiplyAdds = `
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = 1 - f32(id.x) * 1e-9;
  let b = f32(id.x) * 1e-9;
${lines((i) => `  var s${i} = b + ${i};`)}
  for (var i = 0; i < ${STEPS}; i++) {
${lines((i) => `    s${i} = fma(s${i}, a, b);`)}
  }
  y[id.x] = ${Array.from({ length: ACCUMULATORS }, (_, i) => `s${i}`).join(' + ')};
}`;

const COPIED = 4 * 1024 * 1024;

const copies = `
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  y[id.x] = x[id.x];
}`;

function lines(line: (i: number) => string): string {
  return Array.from({ length: ACCUMULATORS }, (_, i) => line(i)).join('\n');
}

/** Measures the limits of the open adapter: the best of several runs. */
export async function measureRoofline(): Promise<Roofline> {
  const flop = await best(64 * WORKGROUPS, (y) =>
    runWgsl(multiplyAdds, { name: 'multiply_adds', operands: { y }, workgroups: WORKGROUPS }),
  );
  const x = empty([4 * COPIED]);
  const bytes = await best(4 * COPIED, (y) =>
    runWgsl(copies, { name: 'copies', operands: { x, y }, workgroups: COPIED / 64 }),
  );
  x.dispose();
  return {
    'GFLOP/s': (2 * 64 * WORKGROUPS * ACCUMULATORS * STEPS) / flop / 1e6,
    'GB/s': (2 * 16 * COPIED) / bytes / 1e6,
  };
}

/** The least time in ms of a kernel that fills `size` floats. */
async function best(size: number, run: (y: Tensor) => void): Promise<number> {
  const y = empty([size]);
  const times: number[] = [];
  for (let i = 0; i < 6; i++) {
    times.push(
      await timed(async () => {
        scope(() => run(y));
        await defaultDevice().recorder.finish();
      }),
    );
  }
  y.dispose();
  return Math.min(...times);
}
