import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { kerasOptions } from '../../src/io/keras/write_config.js';
import { layerFromConfig } from '../../src/nn/deserialize.js';
import type { Layer } from '../../src/nn/layer.js';
import { assign } from '../../src/nn/update.js';
import type { Shape } from '../../src/shape.js';
import { scope } from '../../src/scope.js';
import { requireGrad, tensor, type Tensor } from '../../src/tensor.js';
import fixtures from '../fixtures/keras-layers.json' with { type: 'json' };
import { openGpu } from '../setup.js';
import { expectConfig, layerOf } from './keras_layer.js';
import { wave } from './wave.js';

beforeAll(openGpu);
afterAll(shutdown);

interface LayerCase {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly shapes: readonly Shape[];
  readonly weights: readonly { readonly name: string; readonly shape: Shape }[];
  readonly scale?: number;
  readonly offset?: number;
  readonly training?: boolean;
  readonly outputShape: Shape;
  readonly output: readonly number[];
  /** What the layer adds to the loss. */
  readonly added?: number;
  /** Of sum(output * cotangent) and what is added: for inputs, then trainable weights. */
  readonly gradients?: readonly (readonly number[])[];
  /** The weights after the call. */
  readonly after?: readonly (readonly number[])[];
}

/** Expects values within an error that is relative to the largest of them. */
function expectClose(
  actual: ArrayLike<number>,
  expected: readonly number[],
  tolerance: number,
  what: string,
): void {
  expect(actual.length, what).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs), 1e-30);
  expected.forEach((value, i) => {
    const error = Math.abs(actual[i]! - value) / largest;
    expect(error, `${what} [${i}]: ${actual[i]} instead of ${value}`).toBeLessThan(tolerance);
  });
}

/** Builds the layer, and gives it the weights of the rule. */
function built({ className, config, shapes, weights }: LayerCase): Layer {
  const layer = layerOf(className, config);
  layer.build(
    shapes.map((shape) => shape.slice(1)),
    undefined,
  );
  expect(layer.weights.map(({ name }) => name.split('/').at(-1))).toEqual(
    weights.map(({ name }) => name),
  );
  layer.weights.forEach(({ name, value }, i) => {
    expect(value.shape).toEqual(weights[i]!.shape);
    if (name.endsWith('count')) return;
    const offset = name.includes('variance') ? 1 : 0.1;
    assign(value, wave(value.shape, 10 + i, 0.5, offset));
  });
  return layer;
}

/** The result, its shape, and what is added to the loss; backward from sum(output * cotangent). */
function forward(layer: Layer, inputs: readonly Tensor[], test: LayerCase) {
  return scope(() => {
    const added: Tensor[] = [];
    const [y] = layer.run(inputs, {
      training: test.training ?? false,
      seed: () => 7,
      addLoss: (loss) => void added.push(loss),
    }) as [Tensor];
    if (test.gradients) {
      const product = y.mul(tensor(wave(y.shape, 50), y.shape)).sum();
      added.reduce((sum, loss) => sum.add(loss), product).backward();
    }
    return { y: y.detach(), added: added.map((loss) => loss.detach()) };
  });
}

async function check(test: LayerCase): Promise<void> {
  const layer = built(test);
  const sampleShapes = test.shapes.map((shape) => shape.slice(1));
  expect(layer.computeOutputShapes(sampleShapes)).toEqual([test.outputShape.slice(1)]);
  const inputs = test.shapes.map((shape, k) =>
    requireGrad(tensor(wave(shape, k, test.scale, test.offset), shape)),
  );
  const { y, added } = forward(layer, inputs, test);
  expect(y.shape).toEqual(test.outputShape);
  expectClose(await y.data(), test.output, 1e-5, 'output');
  expect(added.length).toBe(test.added === undefined ? 0 : 1);
  if (test.added !== undefined) expectClose(await added[0]!.data(), [test.added], 1e-5, 'added');
  const trained = layer.weights.filter(({ trainable }) => trainable).map(({ value }) => value);
  if (test.gradients) expect(inputs.length + trained.length).toBe(test.gradients.length);
  for (const [i, of] of test.gradients ? [...inputs, ...trained].entries() : []) {
    const gradient = of.grad ? await of.grad.data() : new Float32Array(of.size);
    expectClose(gradient, test.gradients![i]!, 1e-4, `gradient ${i}`);
  }
  for (const [i, values] of (test.after ?? []).entries()) {
    expectClose(await layer.weights[i]!.value.data(), values, 1e-5, layer.weights[i]!.name);
  }
  for (const each of [y, ...added, ...inputs]) each.dispose();
  layer.dispose();
}

function title({ config, shapes, training }: LayerCase, i: number): string {
  const told = Object.entries(config).filter(
    ([key, value]) =>
      !/^(name|trainable|dtype|data_format|seed|.*(initializer|constraint))$/.test(key) &&
      value !== null &&
      value !== false,
  );
  const options = told.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(', ');
  return `${i}: ${shapes.map((shape) => shape.join('x')).join(' and ')}${training ? ', training' : ''}, ${options}`;
}

const cases = fixtures.cases as unknown as readonly LayerCase[];
for (const className of new Set(cases.map((each) => each.className))) {
  describe(className, () => {
    for (const [i, test] of cases.entries()) {
      if (test.className !== className) continue;
      it(title(test, i), async () => {
        const before = defaultDevice().memory.info();
        await check(test);
        const after = defaultDevice().memory.info();
        expect(after.liveStorages).toBe(before.liveStorages);
        expect(after.liveBytes).toBe(before.liveBytes);
      });
    }
  });
}

describe('configurations', () => {
  it('go through getConfig and back, and are what Keras writes', () => {
    for (const { className, config } of cases) {
      const layer = layerOf(className, config);
      const again = layerFromConfig(className, layer.getConfig());
      expect(again.getConfig()).toEqual(layer.getConfig());
      expectConfig(className, kerasOptions(layer.getConfig()), config);
    }
  });

  it("have Keras's defaults", () => {
    for (const { className, given, config } of fixtures.defaults) {
      const layer = layerOf(className, { name: config.name, ...given });
      expectConfig(className, kerasOptions(layer.getConfig()), config);
    }
  });
});
