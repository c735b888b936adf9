import { input, model, type Functional } from '../../src/nn/functional.js';
import type { SymbolicTensor } from '../../src/nn/graph.js';
import * as layers from '../../src/nn/layers/index.js';
import type { ModelRow } from '../row.js';

const EPSILON = 1.001e-5;

/** The network of "Deep Residual Learning for Image Recognition", 2015, as Keras has it. */
function resnet50(size = 224, classes = 1000): Functional {
  const image = input({ shape: [size, size, 3] });
  const padded = layers.zeroPadding2d({ padding: 3 }).apply(image);
  const stem = layers.zeroPadding2d({ padding: 1 }).apply(normalized(padded, 64, 7, 2));
  let x = layers.maxPooling2d({ poolSize: 3, strides: 2 }).apply(stem);
  for (const [filters, count, strides] of [
    [64, 3, 1],
    [128, 4, 2],
    [256, 6, 2],
    [512, 3, 2],
  ] as const) {
    for (let i = 0; i < count; i++) x = block(x, filters, i === 0 ? strides : undefined);
  }
  const features = layers.globalAveragePooling2d().apply(x);
  const outputs = layers.dense({ units: classes, activation: 'softmax' }).apply(features);
  return model({ inputs: image, outputs, name: 'resnet50', seed: 1 });
}

/** @param strides of the first block of a stage, which also changes the number of channels */
function block(x: SymbolicTensor, filters: number, strides?: number): SymbolicTensor {
  const short =
    strides === undefined ? x : normalized(x, 4 * filters, 1, strides, { activation: false });
  const narrow = normalized(x, filters, 1, strides);
  const middle = normalized(narrow, filters, 3, 1, { padding: 'same' });
  const wide = normalized(middle, 4 * filters, 1, 1, { activation: false });
  return relu(layers.add().apply([short, wide]));
}

/** Convolution, batch normalisation and, unless it is switched off, relu. */
function normalized(
  x: SymbolicTensor,
  filters: number,
  kernelSize: number,
  strides = 1,
  {
    padding = 'valid',
    activation = true,
  }: { padding?: 'same' | 'valid'; activation?: boolean } = {},
): SymbolicTensor {
  const y = layers.conv2d({ filters, kernelSize, strides, padding }).apply(x);
  const z = layers.batchNormalization({ epsilon: EPSILON }).apply(y);
  return activation ? relu(z) : z;
}

const relu = (x: SymbolicTensor): SymbolicTensor =>
  layers.activation({ activation: 'relu' }).apply(x);

const forward = (batch: number): ModelRow => ({
  ...{ name: `ResNet50, inference, batch ${batch}`, op: 'predict', unit: 'GFLOP/s' },
  ...{ inputs: { x: [batch, 224, 224, 3] }, model: () => resnet50(), full: batch > 1 },
});

const training: ModelRow = {
  ...{ name: 'ResNet50 of 64x64, training step, batch 8', op: 'trainStep', unit: 'GFLOP/s' },
  ...{ inputs: { x: [8, 64, 64, 3] }, model: () => resnet50(64, 10), full: true, tolerance: 0.1 },
};

export const resnet50Rows = [forward(1), forward(8), training];
