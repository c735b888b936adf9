import type { StoredTensor } from '../src/io/formats/array.js';
import { modelBytes } from '../src/io/model.js';
import type { LayerCall } from '../src/nn/graph.js';
import type { Model } from '../src/nn/model.js';
import { sizeOf } from '../src/shape.js';
import { labels, type Network, type NetworkLayer, type Task } from './library.js';
import { opOnnx } from './onnx.js';
import type { Row } from './row.js';

/** Values for a row: see `scattered`. */
export function taskOf(row: Row): Task & { dispose(): void } {
  const inputs = Object.entries(row.inputs).map(([name, shape], which): [string, StoredTensor] => {
    const data = scattered(sizeOf(shape), which);
    return [name, { dtype: 'float32', shape: [...shape], data }];
  });
  let model: Model | undefined;
  const ours = (): Model => {
    if (!('model' in row)) throw new Error(`${row.name} has no network`);
    return (model ??= row.model());
  };
  const values = Object.fromEntries(inputs);
  return {
    row,
    inputs: values,
    labels: labels(row.inputs['x']?.[0] ?? 0, 10),
    network: () => networkOf(ours()),
    onnx: async (channelsFirst) => {
      if (!('model' in row)) return opOnnx(row, values, channelsFirst);
      return row.op === 'predict' ? modelBytes(ours(), 'bench.onnx') : undefined;
    },
    dispose: () => model?.dispose(),
  };
}

/**
 * Values between -0.5 and 0.5 without order. Up to 2^24 of them are all different, since where two
 * are equal, the maximum of a window has several gradients.
 */
function scattered(size: number, which: number): Float32Array {
  const mask = 0xffffff;
  // Not by `from`, whose list of so many numbers has no room.
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    // Each step maps the numbers of 24 bits one to one.
    let bits = (i + which * 0x9e3779) & mask;
    for (const factor of [0x2c1b3d, 0x7a2d39]) {
      bits ^= bits >>> 11;
      bits = Math.imul(bits, factor) & mask;
    }
    values[i] = (bits ^ (bits >>> 12)) / (mask + 1) - 0.5;
  }
  return values;
}

async function networkOf(model: Model): Promise<Network> {
  const layers = await Promise.all(model.graph.calls.map(layerOf));
  return { inputShape: model.inputShape, layers };
}

async function layerOf({ layer, inputs }: LayerCall): Promise<NetworkLayer> {
  const weights = layer.weights.map(async ({ value }): Promise<StoredTensor> => {
    const data = (await value.data()) as Float32Array;
    return { dtype: 'float32', shape: [...value.shape], data };
  });
  const plain = Object.entries(layer.getConfig()).filter(([, value]) => isPlain(value));
  return {
    className: layer.className,
    name: layer.name,
    config: Object.fromEntries(plain),
    inputs: inputs.map(({ name }) => name),
    weights: await Promise.all(weights),
  };
}

function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  return ['number', 'string', 'boolean'].includes(typeof value);
}

/** What one run does: floating-point operations, or bytes. */
export function amountOf(row: Row): number {
  if (!('model' in row)) return row.amount;
  const model = row.model();
  const samples = row.inputs['x']![0]!;
  // The gradients of a layer's input and of its weights each cost as much as the layer.
  const passes = row.op === 'trainStep' ? 3 : 1;
  const macs = model.graph.calls.reduce((total, call) => total + macsOf(call), 0);
  model.dispose();
  return 2 * macs * samples * passes;
}

/** Multiply-adds of a layer for one sample: its kernel is used once per place of the result. */
function macsOf({ layer, outputs }: LayerCall): number {
  const kernel = layer.weights.find(({ name }) => name.endsWith('/kernel'));
  return kernel ? kernel.value.size * sizeOf(outputs[0]!.shape.slice(0, -1)) : 0;
}
