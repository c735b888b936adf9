import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import * as ops from '../../src/ops/index.js';
import { scope } from '../../src/scope.js';
import { tensor, type Tensor } from '../../src/tensor.js';
import { array } from '../reference/array.js';
import { discrepancy } from '../reference/gradient.js';
import { openGpu } from '../setup.js';

/** Results and gradients that Keras computed; tests/fixtures/make_ops.py makes them. */
interface Values {
  readonly shape: number[];
  readonly v: number[];
}
type Fixture<More = object> = More & {
  readonly x: Values;
  readonly y: Values;
  readonly dx?: Values;
};
interface Fixtures {
  readonly activations: Fixture<{ name: string }>[];
  readonly losses: Fixture<{ name: string; options: object; t: Values }>[];
  readonly transposes: Fixture<{ options: ops.ConvTransposeOptions; w: Values; b: Values }>[];
  readonly norms: Fixture<{ axes: number; epsilon: number; gamma: Values; beta: Values }>[];
  readonly affines: Fixture<ops.AffineOptions & { t: Values }>[];
}

const fixtures = JSON.parse(
  readFileSync(new URL('../fixtures/keras-ops.json', import.meta.url), 'utf8'),
) as Fixtures;

beforeAll(openGpu);
afterAll(shutdown);

const from = ({ shape, v }: Values): Tensor => tensor(v, shape);

function expectClose(actual: ArrayLike<number>, { shape, v }: Values): void {
  expect(discrepancy(actual, array(shape, v)).max).toBeLessThan(1e-5);
}

/** Compares op(x), and the gradient of the sum of op(x) * (1, 2, 3, ...). */
async function compare({ x, y, dx }: Fixture, op: (x: Tensor) => Tensor): Promise<void> {
  using input = tensor(x.v, x.shape, { requiresGrad: true });
  using output = scope(() => op(input));
  expect(output.shape).toEqual(y.shape);
  expectClose(await output.data(), y);
  if (!dx) return;
  using weights = tensor(
    y.v.map((_, i) => i + 1),
    y.shape,
  );
  output.backward(weights);
  expectClose(await input.grad!.data(), dx);
}

const activations: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  elu: (x) => ops.elu(x, { alpha: 0.7 }),
  selu: ops.selu,
  gelu: (x) => ops.gelu(x),
  'gelu approximate': (x) => ops.gelu(x, { approximate: true }),
  hardSigmoid: (x) => ops.hardSigmoid(x),
  hardSwish: ops.hardSwish,
  mish: ops.mish,
  softplus: ops.softplus,
  softsign: ops.softsign,
  leakyRelu: (x) => ops.leakyRelu(x),
  relu: (x) => ops.relu(x, { negativeSlope: 0.1, maxValue: 2, threshold: 0.5 }),
  'relu, threshold -1': (x) => ops.relu(x, { threshold: -1 }),
  clip: (x) => ops.clip(x, -1, 2),
  'rsqrt of the square': (x) => ops.rsqrt(ops.square(x)),
  pow: (x) => ops.pow(x, 3),
};

type Loss = (prediction: Tensor, target: Tensor, options: object) => Tensor;

describe('against Keras', () => {
  it.each(fixtures.activations)('activation $name', async (fixture) => {
    await compare(fixture, activations[fixture.name]!);
  });

  it.each(fixtures.losses)('loss $name $options', async (fixture) => {
    const loss = (ops as unknown as Record<string, Loss>)[fixture.name]!;
    await compare(fixture, (x) => loss(x, from(fixture.t), fixture.options));
  });

  it.each(fixtures.transposes)('conv2dTranspose $options', async (fixture) => {
    const { w, b, options } = fixture;
    await compare(fixture, (x) => ops.conv2dTranspose(x, from(w), { ...options, bias: from(b) }));
  });

  it.each(fixtures.norms)('layerNorm over $axes axes', async (fixture) => {
    const { gamma, beta, axes, epsilon } = fixture;
    await compare(fixture, (x) => ops.layerNorm(x, from(gamma), from(beta), { axes, epsilon }));
  });

  it.each(fixtures.affines)('affine $fillMode $interpolation', async (fixture) => {
    const { fillMode, interpolation } = fixture;
    const options = { fillValue: 0.75, ...(fillMode && { fillMode }) };
    await compare(fixture, (x) =>
      ops.affine(x, from(fixture.t), { ...options, ...(interpolation && { interpolation }) }),
    );
  });
});
