/** A layer of one's own with its own WGSL: mish(x) = x tanh(log(1 + exp(x))), and its gradient. */
import {
  empty,
  init,
  Layer,
  layers,
  optimizers,
  record,
  runWgsl,
  sequential,
  type Shape,
  type Tensor,
} from 'fovea';

const text = `
#include lib/grid
struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
#if GRADIENT
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;
#else
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;
#endif

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.n) { return; }
  let v = x[i];
  let t = tanh(max(v, 0) + log(1 + exp(-abs(v))));
#if GRADIENT
  y[i] = dy[i] * (t + v * (1 - t * t) / (1 + exp(-v)));
#else
  y[i] = v * t;
#endif
}`;

function mish(x: Tensor): Tensor {
  const run = (operands: Record<string, Tensor>, GRADIENT: boolean): Tensor => {
    const y = empty(x.shape);
    runWgsl(text, {
      name: GRADIENT ? 'mish gradient' : 'mish',
      operands: { ...operands, y },
      params: { n: x.size },
      workgroups: Math.ceil(x.size / 64),
      flags: { WG: 64, GRADIENT },
    });
    return y;
  };
  // What is needed for the gradient, and the gradient from it and that of the result.
  return record('mish', [x], run({ x }, false), [x], (dy, [saved]) => [
    run({ x: saved!, dy }, true),
  ]);
}

class Mish extends Layer {
  override get className(): string {
    return 'Mish';
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(x: Tensor): Tensor {
    return mish(x);
  }
}

await init();
const model = sequential(
  [
    layers.input({ shape: [2] }),
    layers.dense({ units: 8 }),
    new Mish(),
    layers.dense({ units: 1 }),
  ],
  { seed: 1 },
);
model.compile({ optimizer: optimizers.adam({ learningRate: 0.05 }), loss: 'meanSquaredError' });
const x = { data: [0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2] };
const y = { data: [0, 1, 1, 0], shape: [4, 1] };
const { history } = await model.fit(x, y, { epochs: 300, batchSize: 4, verbose: 0 });
console.log(`loss ${history.loss[0]!.toFixed(4)} -> ${history.loss.at(-1)!.toFixed(4)}`);
