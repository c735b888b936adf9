import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { Problems } from '../../src/io/keras/options.js';
import { readArchitecture } from '../../src/io/keras/read_config.js';
import { readTraining } from '../../src/io/keras/training.js';
import type { FitCallback } from '../../src/nn/callbacks/index.js';
import type { HostArray } from '../../src/nn/data.js';
import { layerFromConfig } from '../../src/nn/deserialize.js';
import { Model } from '../../src/nn/model.js';
import type { FitOptions } from '../../src/nn/train.js';
import { assign } from '../../src/nn/update.js';
import { sizeOf, type Shape } from '../../src/shape.js';
import fixtures from '../fixtures/keras-networks.json' with { type: 'json' };
import { openGpu } from '../setup.js';
import { wave } from './wave.js';

beforeAll(openGpu);
afterAll(shutdown);

type Logs = Readonly<Record<string, number>>;

interface Network {
  readonly name: string;
  readonly architecture: { readonly compile_config: unknown };
  /** Names in the order of Keras's `model.layers`. */
  readonly layers: readonly string[];
  /** Kinds of the targets of each output. */
  readonly targets: readonly string[];
  readonly options: {
    readonly class_weight?: Readonly<Record<string, number>>;
    readonly sample_weight?: boolean;
  };
  /** Running loss and metrics after each step. */
  readonly steps: readonly Logs[];
  readonly evaluated: Logs;
  readonly weights: readonly {
    readonly name: string;
    readonly shape: Shape;
    readonly values: readonly number[];
  }[];
  readonly predictions: readonly (readonly number[])[];
}

const { samples, batch, epochs } = fixtures;

/** The rule of tests/fixtures/make_networks.py for the weights at first. */
function firstValues(name: string, shape: Shape, index: number): Float32Array {
  if (/gamma|variance/.test(name)) return wave(shape, 10 + index, 0.2, 1);
  const scale = shape.length > 1 ? 1.5 / Math.sqrt(sizeOf(shape.slice(0, -1))) : 0.1;
  return wave(shape, 10 + index, scale);
}

/** The rule of tests/fixtures/make_networks.py for targets. */
function targets(kind: string, shape: Shape, k: number): HostArray {
  const size = shape.at(-1)!;
  const classOf = (i: number): number => ((i * 7 + 1) % 5) % size;
  const values = wave(shape, k);
  const make = (of: (row: number, column: number) => number): HostArray => ({
    data: values.map((_, i) => of(Math.floor(i / size), i % size)),
    shape,
  });
  if (kind === 'onehot') return make((row, column) => (classOf(row) === column ? 1 : 0));
  if (kind === 'bits') return { data: values.map((value) => (value > 0 ? 1 : 0)), shape };
  if (kind === 'values') return { data: values, shape };
  if (kind === 'classes') {
    const rows = shape.slice(0, -1);
    return { data: Int32Array.from({ length: sizeOf(rows) }, (_, i) => classOf(i)), shape: rows };
  }
  const shares = values.map((value) => value + 1.25);
  const sum = (row: number): number =>
    shares.slice(row * size, (row + 1) * size).reduce((total, share) => total + share);
  return make((row, column) => shares[row * size + column]! / sum(row));
}

/** Expects values within an error that is relative to the largest of them. */
function expectClose(
  actual: ArrayLike<number>,
  expected: readonly number[],
  tolerance: number,
  what: string,
): void {
  expect(actual.length, what).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  const worst = Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value)));
  expect(worst, `${what}: ${String(actual[0])} instead of ${expected[0]}`).toBeLessThanOrEqual(
    tolerance * largest,
  );
}

function expectLogs(actual: Logs, expected: Logs, what: string): void {
  expect(Object.keys(actual).sort(), what).toEqual(Object.keys(expected).sort());
  for (const [key, value] of Object.entries(expected)) {
    expectClose([actual[key]!], [value], 1e-4, `${what} ${key}`);
  }
}

function loaded({ architecture, weights, layers }: Network): Model {
  const { className, config } = readArchitecture(
    architecture,
    { customLayers: {} },
    new Problems(),
  )!;
  const model = layerFromConfig(className, config);
  if (!(model instanceof Model)) throw new Error('no model');
  model.compile(readTraining(architecture.compile_config, [], new Problems())!);
  expect(model.layers.map(({ name }) => name)).toEqual(layers);
  expect(model.weights.map(({ name }) => name.split('/').at(-1))).toEqual(
    weights.map(({ name }) => name),
  );
  model.weights.forEach(({ name, value }, i) => {
    expect(value.shape).toEqual(weights[i]!.shape);
    assign(value, firstValues(name, value.shape, i));
  });
  return model;
}

function weighted({ options, targets: kinds }: Network): FitOptions {
  const weights = kinds.map((_, k) => wave([samples], 80 + k, 0.5, 1));
  return {
    ...(options.class_weight && { classWeight: options.class_weight }),
    ...(options.sample_weight && { sampleWeight: weights.length === 1 ? weights[0]! : weights }),
  };
}

async function check(network: Network): Promise<void> {
  const model = loaded(network);
  const x = model.inputs.map(({ shape }, k) => {
    const all = [samples, ...shape];
    return { data: wave(all, k), shape: all };
  });
  const y = model.outputs.map(({ shape }, k) =>
    targets(network.targets[k]!, [samples, ...shape], 50 + k),
  );
  const steps: Logs[] = [];
  const recorder: FitCallback = {
    onBatchEnd: async (_, run) => void steps.push(await run.logs()),
  };
  const options = { batchSize: batch, verbose: 0 as const };
  await model.fit(x, y, {
    ...{ ...options, epochs, shuffle: false, callbacks: [recorder] },
    ...weighted(network),
  });
  expect(steps.length).toBe(network.steps.length);
  steps.forEach((logs, i) => expectLogs(logs, network.steps[i]!, `step ${i}`));
  for (const [i, { name, value }] of model.weights.entries()) {
    expectClose(await value.data(), network.weights[i]!.values, 1e-3, name);
  }
  expectLogs(await model.evaluate(x, y, options), network.evaluated, 'evaluate');
  const results = await model.predictAll(x, options);
  for (const [i, result] of results.entries()) {
    expectClose(await result.data(), network.predictions[i]!, 1e-3, `prediction ${i}`);
    result.dispose();
  }
  model.dispose();
}

describe("networks train as Keras's do", () => {
  for (const network of fixtures.networks as unknown as readonly Network[]) {
    it(network.name, async () => {
      const before = defaultDevice().memory.info();
      await check(network);
      const after = defaultDevice().memory.info();
      expect(after.liveStorages).toBe(before.liveStorages);
      expect(after.liveBytes).toBe(before.liveBytes);
    });
  }
});
