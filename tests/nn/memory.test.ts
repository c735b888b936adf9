import { afterAll, beforeAll, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd.js';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { Layer } from '../../src/nn/layer.js';
import * as layers from '../../src/nn/layers/index.js';
import { sequential } from '../../src/nn/sequential.js';
import { scope } from '../../src/scope.js';
import type { Shape } from '../../src/shape.js';
import { tensor, type Tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

/** Notes how many bytes are in use when it runs; passes its input on. */
class Probe extends Layer {
  override get className(): string {
    return 'Probe';
  }
  readonly live: number[] = [];

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(x: Tensor): Tensor {
    this.live.push(defaultDevice().memory.info().liveBytes);
    return x;
  }
}

it('results are freed after their last use, while the model runs', async () => {
  const probes = Array.from({ length: 6 }, () => new Probe());
  const chain = probes.flatMap((probe) => [layers.activation({ activation: 'relu' }), probe]);
  const model = sequential([layers.input({ shape: [1024] }), ...chain]);
  const x = tensor(new Float32Array(8 * 1024).fill(2), [8, 1024]);
  const y = scope(() => noGrad(() => model.call(x)));
  const [first, ...rest] = probes.flatMap(({ live }) => live);
  expect(rest).toEqual(rest.map(() => first));
  expect(new Set(await y.data())).toEqual(new Set([2]));
  for (const t of [x, y]) t.dispose();
});
