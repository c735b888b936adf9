/** What is in ONNX files. That onnxruntime computes the same: tests/fixtures/check_onnx.py. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import { loadModel, modelBytes } from '../../src/io/model.js';
import { input, layers, model as functional } from '../../src/nn/index.js';
import type { SymbolicTensor } from '../../src/nn/graph.js';
import { Layer } from '../../src/nn/layer.js';
import type { Model } from '../../src/nn/model.js';
import type { Shape } from '../../src/shape.js';
import type { Tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';
import { modelFolder } from './keras_models.js';
import { decodeOnnx, type Decoded, type DecodedNode } from './onnx_decode.js';

beforeAll(openGpu);
afterAll(shutdown);

/** Writes and decodes a model, and frees it. Checks what every file must have. */
async function written(model: Model): Promise<Decoded> {
  const decoded = decodeOnnx(await modelBytes(model, 'm.onnx'));
  model.dispose();
  expect(decoded).toMatchObject({ irVersion: 8, opset: 17, name: model.name });
  const known = new Set([...Object.keys(decoded.inputs), ...decoded.constants.keys()]);
  for (const { inputs, outputs } of decoded.nodes) {
    for (const name of inputs) expect(name === '' || known.has(name)).toBe(true);
    for (const name of outputs) {
      expect(known.has(name)).toBe(false);
      known.add(name);
    }
  }
  for (const name of Object.keys(decoded.outputs)) expect(known).toContain(name);
  for (const { dims, type, bytes } of decoded.constants.values()) {
    const width = { 1: 4, 7: 8 }[type]!;
    expect(bytes.length).toBe(dims.reduce((a, b) => a * b, width));
  }
  return decoded;
}

/** A network of one layer. */
function alone(shape: Shape, layer: Layer): Model {
  const x = input({ shape, name: 'x' });
  return functional({ inputs: x, outputs: layer.apply(x), name: 'm' });
}

function only({ nodes }: Decoded, op: string): DecodedNode {
  const found = nodes.filter((node) => node.op === op);
  expect(found).toHaveLength(1);
  return found[0]!;
}

const sizes = ({ constants }: Decoded, name: string): number[] => constants.get(name)!.dims;

it('a convolution: filters and padding as ONNX has them', async () => {
  const options = { filters: 5, kernelSize: 3, strides: 2, padding: 'same' } as const;
  const file = await written(alone([8, 10, 4], layers.conv2d({ ...options, activation: 'relu' })));
  expect(file.inputs).toEqual({ x: ['batch', 8, 10, 4] });
  expect(file.outputs).toEqual({ conv2d: ['batch', 4, 5, 5] });
  expect(file.nodes.map(({ op }) => op)).toEqual([
    ...['Transpose', 'Conv', 'Relu', 'Transpose', 'Identity'],
  ]);
  const conv = only(file, 'Conv');
  expect(conv.attributes).toEqual({
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [0, 0, 1, 1],
    dilations: [1, 1],
    group: 1,
  });
  expect(conv.inputs.slice(1).map((name) => sizes(file, name))).toEqual([[5, 4, 3, 3], [5]]);
});

it('a transposed convolution whose windows leave gaps', async () => {
  const options = { filters: 3, kernelSize: 2, strides: 3, padding: 'same' } as const;
  const file = await written(alone([4, 4, 2], layers.conv2dTranspose(options)));
  expect(file.outputs).toEqual({ conv2d_transpose: ['batch', 12, 12, 3] });
  expect(only(file, 'ConvTranspose').attributes).toMatchObject({
    pads: [0, 0, 0, 0],
    output_padding: [1, 1],
  });
});

it('resizing gives sizes, and leaves that of the batch open', async () => {
  const options = { height: 5, width: 7, interpolation: 'nearest' } as const;
  const file = await written(alone([8, 10, 4], layers.resizing(options)));
  const resize = only(file, 'Resize');
  expect(resize.attributes).toEqual({
    mode: 'nearest',
    coordinate_transformation_mode: 'half_pixel',
    nearest_mode: 'round_prefer_ceil',
  });
  expect(resize.inputs.slice(1)).toEqual(['', '', only(file, 'Concat').outputs[0]]);
});

it('pictures stay channels first from convolution to convolution', async () => {
  const x = input({ shape: [8, 8, 3], name: 'x' });
  const conv = (from: SymbolicTensor): SymbolicTensor =>
    layers.conv2d({ filters: 3, kernelSize: 3, activation: 'swish' }).apply(from);
  const pooled = layers.maxPooling2d().apply(conv(conv(x)));
  const file = await written(functional({ inputs: x, outputs: pooled, name: 'm' }));
  expect(file.nodes.filter(({ op }) => op === 'Transpose')).toHaveLength(2);
});

it('models inside and layers that are used twice', async () => {
  const file = await written(await loadModel(join(modelFolder, 'functional.keras')));
  expect(file.inputs).toEqual({ picture: ['batch', 8, 8, 3] });
  expect(file.outputs).toEqual({ classes: ['batch', 5] });
  expect(file.nodes.filter(({ name }) => name.startsWith('shared/MatMul'))).toHaveLength(2);
  expect(file.nodes.some(({ name }) => name.startsWith('inner/depthwise_conv2d/Conv'))).toBe(true);
  const random = /dropout|random|noise/;
  expect(file.nodes.filter(({ name }) => random.test(name))).toEqual([]);
});

it('several inputs and outputs keep their names and order', async () => {
  const file = await written(await loadModel(join(modelFolder, 'two.keras')));
  expect(Object.entries(file.inputs)).toEqual([
    ['left', ['batch', 6]],
    ['right', ['batch', 4, 4, 2]],
  ]);
  expect(Object.entries(file.outputs)).toEqual([
    ['yes', ['batch', 1]],
    ['place', ['batch', 2]],
  ]);
});

class Twice extends Layer {
  override get className(): string {
    return 'Twice';
  }
  override computeOutputShape(shape: Shape): Shape {
    return shape;
  }
  override call(x: Tensor): Tensor {
    return x.mul(2);
  }
}

it('layers without a form in ONNX are listed, those of models inside too', async () => {
  const j = input({ shape: [4] });
  const inner = functional({ inputs: j, outputs: new Twice({ name: 'b' }).apply(j), name: 'in' });
  const x = input({ shape: [4] });
  const y = inner.apply(new Twice({ name: 'a' }).apply(x));
  const whole = functional({ inputs: x, outputs: y });
  await expect(modelBytes(whole, 'm.onnx')).rejects.toMatchObject({
    code: 'FILE',
    message: 'ONNX has no form for a (Twice), in/b (Twice)',
  });
  whole.dispose();
});
