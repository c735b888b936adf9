import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { noGrad } from '../../src/autograd.js';
import { defaultDevice, init, memoryInfo } from '../../src/gpu/init.js';
import { input, model as modelOf } from '../../src/nn/functional.js';
import { Conv2D } from '../../src/nn/layers/conv.js';
import type { Layer } from '../../src/nn/layer.js';
import * as layers from '../../src/nn/layers/index.js';
import type { Model } from '../../src/nn/model.js';
import { assign } from '../../src/nn/update.js';
import { add, zeros } from '../../src/ops/index.js';
import { Random } from '../../src/random.js';
import { scope } from '../../src/scope.js';
import { requireGrad, tensor, type Tensor } from '../../src/tensor.js';

beforeAll(() => init({ log: () => undefined }));

function randomArray(count: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => 2 * random.uniform() - 1);
}

/** Values for every weight, variances above 0. */
function fillWeights(model: Model): void {
  model.weights.forEach(({ name, value }, i) => {
    const values = randomArray(value.size, i + 1);
    const isVariance = name.endsWith('moving_variance');
    assign(
      value,
      values.map((v) => (isVariance ? 0.5 + v * v : v)),
    );
  });
}

/** Every kind of chain: padding, both convolutions, normalization, addition, activations, branches. */
function network(): Model {
  const x = input({ shape: [9, 10, 3] });
  const stem = layers
    .conv2d({ filters: 8, kernelSize: 3, strides: 2, name: 'stem' })
    .apply(layers.zeroPadding2d({ padding: 1 }).apply(x));
  const a = layers.reLU({}).apply(layers.batchNormalization({ name: 'norm' }).apply(stem));
  const depthwise = layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false });
  const b = layers
    .activation({ activation: 'swish' })
    .apply(layers.batchNormalization({ scale: false }).apply(depthwise.apply(a)));
  const c = layers
    .batchNormalization({ center: false, name: 'scale' })
    .apply(layers.conv2d({ filters: 8, kernelSize: 1, name: 'project' }).apply(b));
  const shortcut = layers
    .batchNormalization({})
    .apply(layers.conv2d({ filters: 8, kernelSize: 1, groups: 2, name: 'shortcut' }).apply(a));
  const sum = layers.activation({ activation: 'relu6' }).apply(layers.add().apply([shortcut, c]));
  // A result that is needed twice, and a convolution with an activation of its own.
  const own = layers.conv2d({ filters: 4, kernelSize: 3, activation: 'tanh' }).apply(sum);
  return modelOf({ inputs: x, outputs: [own, layers.batchNormalization({}).apply(own), sum] });
}

describe('layers that run as one in inference', () => {
  let model: Model;
  beforeAll(() => {
    model = network();
    fillWeights(model);
  });
  afterAll(() => {
    model.dispose();
  });

  it('give what the layers give one by one', async () => {
    const x = tensor(randomArray(2 * 9 * 10 * 3, 7), [2, 9, 10, 3]);
    const calls = vi.spyOn(model.getLayer('scale'), 'call');
    const alone = scope(() => model.callAll([x]).map((y) => y.data()));
    expect(calls).toHaveBeenCalledTimes(1);
    const together = scope(() => noGrad(() => model.callAll([x]).map((y) => y.data())));
    expect(calls).toHaveBeenCalledTimes(1);
    for (const [i, data] of (await Promise.all(alone)).entries()) {
      const [values, got] = [[...data], await together[i]!];
      const worst = values.reduce((most, v, k) => Math.max(most, Math.abs(v - got[k]!)), 0);
      expect(worst).toBeLessThan(1e-5 * Math.max(...values.map(Math.abs)));
    }
    x.dispose();
  });

  it('can be asked for what lies between', async () => {
    const x = tensor(randomArray(9 * 10 * 3, 8), [1, 9, 10, 3]);
    const stem = model.outputsOf(x, 'stem');
    const padded = layers.zeroPadding2d({ padding: 1 }).call(x);
    const expected = model.getLayer('stem').call(padded);
    const want = await expected.data();
    const got = await stem.data();
    expect(got.length).toBe(want.length);
    got.forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 4));
    for (const t of [stem, expected, padded, x]) t.dispose();
  });

  it('do not run a class that computes something else', async () => {
    class Shifted extends Conv2D {
      override call(input: Tensor): Tensor {
        return super.call(input).add(100);
      }
    }
    const x = input({ shape: [4, 4, 1] });
    const conv = new Shifted({ filters: 2, kernelSize: 1, kernelInitializer: 'zeros' });
    const shifted = modelOf({
      inputs: x,
      outputs: layers.reLU({}).apply(layers.batchNormalization({}).apply(conv.apply(x))),
    });
    const batch = tensor(randomArray(16, 3), [1, 4, 4, 1]);
    const y = await shifted.predict(batch);
    expect(Math.min(...(await y.data()))).toBeGreaterThan(90);
    for (const t of [y, batch, shifted]) t.dispose();
  });

  it('leave no storage behind', () => {
    const x = tensor(randomArray(9 * 10 * 3, 9), [1, 9, 10, 3]);
    const before = memoryInfo().liveStorages;
    scope(() => {
      noGrad(() => model.callAll([x]));
    });
    expect(memoryInfo().liveStorages).toBe(before);
    x.dispose();
  });
});

describe('layers that run as one in training', () => {
  const x = input({ shape: [5, 6, 3] });
  const norm = layers.batchNormalization({ momentum: 0.5 });
  const values = randomArray(4 * 5 * 6 * 3, 3);

  /** Result, gradients and weights after `forward` and its backward pass, from the same weights. */
  async function trained(model: Model, forward: (batch: Tensor) => Tensor): Promise<number[][]> {
    fillWeights(model);
    const batch = requireGrad(tensor(values, [4, 5, 6, 3]));
    const tensors = scope(() => {
      const y = forward(batch);
      y.backward(tensor(randomArray(y.size, 4), y.shape));
      const grads = [batch, ...model.weights.map(({ value }) => value)].map(({ grad }) => grad);
      const all = [
        y,
        ...grads.filter((grad) => grad !== undefined),
        ...model.weights.map(({ value }) => value),
      ];
      return all.map((t) => t.data());
    });
    for (const { value } of model.weights) {
      value.grad?.dispose();
      value.grad = undefined;
    }
    batch.dispose();
    return (await Promise.all(tensors)).map((data) => [...data]);
  }

  /** Compares a model with its layers one by one: `passed` runs with its neighbour. */
  async function compare(
    model: Model,
    passed: Layer,
    alone: (batch: Tensor) => Tensor,
  ): Promise<void> {
    const calls = vi.spyOn(passed, 'call');
    const got = await trained(model, (batch) => model.call(batch, { training: true }));
    expect(calls).not.toHaveBeenCalled();
    const wanted = await trained(model, alone);
    expect(calls).toHaveBeenCalledTimes(1);
    calls.mockRestore();
    expect(got.length).toBe(wanted.length);
    for (const [i, values] of wanted.entries()) {
      const most = Math.max(...values.map(Math.abs));
      values.forEach((v, k) => expect(Math.abs(got[i]![k]! - v)).toBeLessThan(2e-6 * most));
    }
  }

  it.each([
    layers.conv2d({ filters: 8, kernelSize: 3, strides: 2 }),
    layers.conv2d({ filters: 6, kernelSize: 3, groups: 3, useBias: false }),
    layers.depthwiseConv2d({ kernelSize: 3, strides: 2, depthMultiplier: 2 }),
  ])('padding and a convolution: $name', async (convolution) => {
    const padding = layers.zeroPadding2d({
      padding: [
        [0, 1],
        [2, 1],
      ],
    });
    const model = modelOf({ inputs: x, outputs: convolution.apply(padding.apply(x)) });
    await compare(model, padding, (batch) => convolution.call(padding.call(batch)));
  });

  it.each(['relu', 'relu6', 'sigmoid', 'tanh'] as const)(
    'an addition and %s',
    async (activation) => {
      const scaled = layers.depthwiseConv2d({ kernelSize: 1 });
      const end = layers.activation({ activation });
      const model = modelOf({
        inputs: x,
        outputs: end.apply(layers.add().apply([scaled.apply(x), x])),
      });
      await compare(model, end, (batch) => end.call(add(scaled.call(batch), batch)));
    },
  );

  for (const activation of ['relu', 'relu6', 'sigmoid', 'tanh', 'swish'] as const) {
    for (const trainable of [true, false]) {
      it(`batch normalization, ${trainable ? 'trained' : 'frozen'}, and ${activation}`, async () => {
        const end = layers.activation({ activation });
        const model = modelOf({ inputs: x, outputs: end.apply(norm.apply(x)) });
        norm.trainable = trainable;
        await compare(model, norm, (batch) => end.call(norm.call(batch, { training: true })));
      });
    }
  }

  for (const innerLoop of [undefined, 'simt'] as const) {
    for (const trainable of [true, false]) {
      const how = `${trainable ? 'trained' : 'frozen'}, ${innerLoop ?? 'the loop of the adapter'}`;
      it(`batch normalization, activation and a convolution of single pixels: ${how}`, async () => {
        const device = defaultDevice();
        const before = device.innerLoop;
        device.innerLoop = innerLoop ?? before;
        // Before statistics of the batch, the gradient of a bias is 0, and comparing it compares roundings.
        const first = layers.conv2d({ filters: 8, kernelSize: 1, useBias: !trainable });
        const between = layers.batchNormalization({ momentum: 0.5 });
        const end = layers.reLU();
        const last = layers.conv2d({ filters: 4, kernelSize: 1, strides: 2 });
        const y = last.apply(end.apply(between.apply(first.apply(x))));
        const model = modelOf({ inputs: x, outputs: y });
        between.trainable = trainable;
        const alone = (batch: Tensor): Tensor =>
          last.call(end.call(between.call(first.call(batch), { training: true })));
        await compare(model, last, alone);
        device.innerLoop = before;
        model.dispose();
      });
    }
  }

  it('do not where what lies between is needed', () => {
    const y = norm.apply(x);
    const model = modelOf({ inputs: x, outputs: [layers.reLU({}).apply(y), y] });
    const calls = vi.spyOn(norm, 'call');
    scope(() => model.callAll([zeros([1, 5, 6, 3])], { training: true }));
    expect(calls).toHaveBeenCalledTimes(1);
    calls.mockRestore();
  });
});
