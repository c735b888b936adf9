import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { Problems } from '../../src/io/keras/options.js';
import { readArchitecture } from '../../src/io/keras/read_config.js';
import { layerFromConfig } from '../../src/nn/deserialize.js';
import { input, layerModel, model } from '../../src/nn/functional.js';
import type { SymbolicTensor } from '../../src/nn/graph.js';
import type { LayerConfig } from '../../src/nn/layer.js';
import * as layers from '../../src/nn/layers/index.js';
import { Model } from '../../src/nn/model.js';
import { sequential } from '../../src/nn/sequential.js';
import { tensor } from '../../src/tensor.js';
import keras from '../fixtures/keras-graphs.json' with { type: 'json' };
import { openGpu } from '../setup.js';
import { wave } from './wave.js';

beforeAll(openGpu);
afterAll(shutdown);

function loaded(architecture: unknown): Model {
  const read = readArchitecture(architecture, { customLayers: {} }, new Problems());
  const { className, config } = read!;
  return modelFrom(className, config);
}

function modelFrom(className: string, config: LayerConfig): Model {
  const made = layerFromConfig(className, config);
  if (made instanceof Model) return made;
  throw new Error('no model');
}

/** The cells of each row of a summary, with those of several lines joined; then the totals. */
function cellsOf(text: string): { rows: string[][]; totals: string[] } {
  const rows: string[][] = [];
  let isNew = true;
  for (const line of text.split('\n')) {
    if (!/^[│┃]/.test(line)) {
      isNew = true;
      continue;
    }
    const cells = line
      .slice(1, -1)
      .split(/[│┃]/)
      .map((cell) => cell.trim());
    if (isNew) rows.push(cells);
    else cells.forEach((cell, i) => (rows.at(-1)![i] = `${rows.at(-1)![i]!} ${cell}`.trim()));
    isNew = false;
  }
  const totals = text.split('\n').filter((line) => line.includes('params:'));
  return { rows, totals: totals.map((line) => line.trim()) };
}

function summaryOf(whole: Model, options: object = {}): ReturnType<typeof cellsOf> {
  return cellsOf(whole.summary({ print: () => undefined, ...options }));
}

function graphOf(name: string): Model {
  return loaded(keras.graphs.find((each) => each.name === name)!.architecture);
}

describe("Keras's networks", () => {
  for (const { name, architecture, layers: names, weights, summary } of keras.graphs) {
    it(`${name}: layers, weights and summary are in Keras's order`, () => {
      const whole = loaded(architecture);
      expect(whole.layers.map((layer) => layer.name)).toEqual(names);
      // Names here begin with those of the models around; Keras's with that of the layer.
      const paths = whole.weights.map((weight) => weight.name.split('/').slice(-2).join('/'));
      expect(paths).toEqual(weights);
      expect(summaryOf(whole)).toEqual(summary);
      const again = modelFrom('Functional', whole.getConfig());
      expect(again.getConfig()).toEqual(whole.getConfig());
      expect(again.layers.map((layer) => layer.name)).toEqual(names);
      whole.dispose();
      again.dispose();
    });
  }

  it('show what is trained, and what is inside of models', () => {
    const branches = graphOf('branches');
    branches.getLayer('long1').trainable = false;
    expect(summaryOf(branches, { showTrainable: true })).toEqual(keras.trainable);
    const outer = graphOf('outer');
    expect(summaryOf(outer, { expandNested: true })).toEqual(keras.expanded);
    branches.dispose();
    outer.dispose();
  });

  it('have the same order of layers when they are made at random', () => {
    for (const { edges, ends, layers: names } of keras.random) {
      const inputs = [0, 1].map((i) => input({ shape: [3], name: `in${i}` }));
      const dense = Array.from({ length: 5 }, (_, i) =>
        layers.dense({ units: 3, name: `dense${i}` }),
      );
      const tensors: SymbolicTensor[] = [...inputs];
      for (const [name, picked] of edges as unknown as [string, number[]][]) {
        const from = picked.map((i) => tensors[i]!);
        const layer = name.startsWith('add') ? layers.add({ name }) : dense[Number(name.at(-1))]!;
        tensors.push(layer.apply(from));
      }
      const all = [...inputs, ...ends.map((i) => tensors[i]!)];
      const last = layers.concatenate({ name: 'last' }).apply(all);
      const whole = model({ inputs, outputs: [last, tensors[ends[1]!]!] });
      expect(whole.layers.map(({ name }) => name)).toEqual(names);
      whole.dispose();
      for (const layer of dense) layer.dispose();
    }
  });
});

describe('shared layers', () => {
  it('have one set of weights, whose gradient is the sum over the uses', async () => {
    const [a, b] = [input({ shape: [3], name: 'a' }), input({ shape: [3], name: 'b' })];
    const shared = layers.dense({ units: 2, useBias: false, name: 'shared' });
    const sum = layers.add().apply([shared.apply(a), shared.apply(b)]);
    const whole = model({ inputs: [a, b], outputs: sum, seed: 1 });
    expect(whole.countParams()).toBe(6);
    const xs = [wave([4, 3], 1), wave([4, 3], 2)];
    const inputs = xs.map((x) => tensor(x, [4, 3]));
    const [y] = whole.callAll(inputs);
    y!.sum().backward();
    const gradient = await shared.weights[0]!.value.grad!.data();
    for (let i = 0; i < 3; i++) {
      const column = xs.flatMap((x) => [0, 1, 2, 3].map((row) => x[row * 3 + i]!));
      const expected = column.reduce((total, value) => total + value);
      expect(gradient[2 * i]).toBeCloseTo(expected, 5);
      expect(gradient[2 * i + 1]).toBeCloseTo(expected, 5);
    }
    for (const each of inputs) each.dispose();
    whole.dispose();
  });

  it('cannot be used on samples that need other weights', () => {
    const shared = layers.dense({ units: 2, name: 'shared' });
    const [a, b] = [input({ shape: [3] }), input({ shape: [4] })];
    const outputs = [shared.apply(a), shared.apply(b)];
    expect(() => model({ inputs: [a, b], outputs })).toThrow(/shared: has a kernel \[3, 2\]/);
    shared.dispose();
  });

  it('draw other random numbers at each use', async () => {
    const a = input({ shape: [64] });
    const drop = layers.dropout({ rate: 0.5 });
    const whole = model({ inputs: a, outputs: [drop.apply(a), drop.apply(a)] });
    const ones = tensor(new Float32Array(64).fill(1), [1, 64]);
    const [first, second] = whole.callAll([ones], { training: true, seed: () => 1 });
    expect(await first!.data()).not.toEqual(await second!.data());
    for (const each of [ones, first!, second!]) each.dispose();
  });
});

describe('models inside of models', () => {
  it('compute and train as their layers do', async () => {
    const before = defaultDevice().memory.info();
    const inner = sequential([layers.input({ shape: [3] }), layers.dense({ units: 3 })], {
      name: 'inner',
      seed: 1,
    });
    const a = input({ shape: [3] });
    const end = layers.dense({ units: 1, name: 'end' }).apply(inner.apply(inner.apply(a)));
    const whole = model({ inputs: a, outputs: end, seed: 2 });
    const names = ['inner/dense/kernel', 'inner/dense/bias', 'end/kernel', 'end/bias'];
    expect(whole.weights.map(({ name }) => name)).toEqual(names);
    const x = { data: wave([5, 3], 1), shape: [5, 3] };
    const y = { data: wave([5, 1], 2), shape: [5, 1] };
    const twice = await inner.predict(await valuesOf(inner, x));
    const last = layerModel(whole, 'inner');
    expect(last.outputs[0]!.source.layer).toBe(inner);
    twice.dispose();
    whole.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const { history } = await whole.fit(x, y, { epochs: 3, verbose: 0 });
    expect(history.loss[2]).toBeLessThan(history.loss[0]!);
    inner.trainable = false;
    expect(whole.trainableWeights.map(({ name }) => name)).toEqual(names.slice(2));
    whole.dispose();
    expect(defaultDevice().memory.info().liveBytes).toBe(before.liveBytes);
  });

  it('take pictures of other sizes where their input says so', async () => {
    const inner = sequential([
      layers.input({ shape: [4, 4, 2], anySize: true }),
      layers.conv2d({ filters: 1, kernelSize: 3, strides: 2 }),
    ]);
    const a = input({ shape: [9, 6, 2] });
    const whole = model({ inputs: a, outputs: inner.apply(a) });
    expect(whole.outputShape).toEqual([4, 2, 1]);
    const x = { data: wave([1, 9, 6, 2], 1), shape: [1, 9, 6, 2] };
    const y = await whole.predict(x);
    const upper = await inner.predict({ data: cornerOf(x.data), shape: [1, 4, 4, 2] });
    expect(await upper.item()).toBeCloseTo((await y.data())[0]!, 5);
    for (const shape of [
      [9, 6, 3],
      [9, 2],
    ]) {
      expect(() => inner.apply(input({ shape }))).toThrow(/takes samples of shape \[4, 4, 2\]/);
    }
    const description = whole.getConfig();
    const copy = modelFrom('Functional', description);
    expect(copy.getConfig()).toEqual(description);
    for (const each of [copy, whole, y, upper]) each.dispose();
  });
});

/** The first 4 x 4 pixels of a picture of 9 x 6, two channels. */
function cornerOf(data: Float32Array): Float32Array {
  const rows = [0, 1, 2, 3].flatMap((row) => [...data.slice(row * 12, row * 12 + 8)]);
  return Float32Array.from(rows);
}

async function valuesOf(of: Model, x: { data: Float32Array; shape: number[] }) {
  const y = await of.predict(x);
  const data = await y.data();
  y.dispose();
  return { data: Float32Array.from(data), shape: [x.shape[0]!, 3] };
}

describe('several outputs', () => {
  it('may lie inside of the network, and be inputs', async () => {
    const a = input({ shape: [2], name: 'a' });
    const doubled = layers.rescaling({ scale: 2 }).apply(a);
    const all = layers.rescaling({ scale: 3 }).apply(doubled);
    const whole = model({ inputs: a, outputs: [all, doubled, a] });
    const results = await whole.predictAll({ data: [1, 2], shape: [1, 2] });
    const values = await Promise.all(results.map(async (each) => Array.from(await each.data())));
    expect(values).toEqual([
      [6, 12],
      [2, 4],
      [1, 2],
    ]);
    for (const each of results) each.dispose();
  });
});

describe('mistakes', () => {
  const dense = (name: string) => layers.dense({ units: 2, name });

  it('an input that is not listed', () => {
    const [a, b] = [input({ shape: [2], name: 'a' }), input({ shape: [2], name: 'b' })];
    const outputs = layers.add().apply([a, b]);
    expect(() => model({ inputs: a, outputs })).toThrow(/need the input 'b' \[2\]/);
  });

  it('two layers of one name', () => {
    const a = input({ shape: [2] });
    const outputs = dense('twin').apply(dense('twin').apply(a));
    expect(() => model({ inputs: a, outputs })).toThrow(/two layers have the name 'twin'/);
  });

  it('a tensor with values for apply', () => {
    const x = tensor([1, 2], [1, 2]);
    expect(() => dense('d').apply(x as never)).toThrow(/apply takes what input\(\) and apply\(\)/);
    x.dispose();
  });

  it('a wrong number of inputs', () => {
    const [a, b] = [input({ shape: [2] }), input({ shape: [2] })];
    expect(() => dense('d').apply([a, b])).toThrow(/one input, got 2/);
    expect(() => layers.add().apply(a)).toThrow(/at least two inputs, got 1/);
    expect(() => layers.subtract().apply([a, b, a])).toThrow(/two inputs, got 3/);
    const both = model({ inputs: [a, b], outputs: layers.add().apply([a, b]) });
    expect(() => both.apply(a)).toThrow(/takes 2 inputs, got 1/);
  });

  it('samples of another shape for a model inside', () => {
    const a = input({ shape: [2], name: 'a' });
    const inner = model({ inputs: a, outputs: dense('d').apply(a), name: 'inner' });
    expect(() => inner.apply(input({ shape: [3] }))).toThrow(
      /inner: input 'a' takes .*\[2\].*\[3\]/,
    );
    inner.dispose();
  });

  it('the output of a layer that is used twice, or not at all', () => {
    const shared = dense('shared');
    expect(() => shared.output).toThrow(/used 0 times/);
    const a = input({ shape: [2] });
    shared.apply(shared.apply(a));
    expect(() => shared.output).toThrow(/used 2 times/);
  });

  it('a layer that is not there', () => {
    const a = input({ shape: [2] });
    const whole = model({ inputs: a, outputs: dense('d').apply(a) });
    expect(() => layerModel(whole, 'e')).toThrow(/there is no layer "e"/);
    whole.dispose();
  });
});
