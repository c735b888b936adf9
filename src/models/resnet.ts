import type { SymbolicTensor } from '../nn/graph.js';
import * as layers from '../nn/layers/index.js';
import type { Architecture } from './architecture.js';

/** Filters of the four stacks (conv2 to conv5), and how many blocks each has. */
const FILTERS = [64, 128, 256, 512];
const BLOCKS = { 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3] } as const;

/**
 * ResNet, version 1: blocks of three convolutions that are added to what went in. The stride is in
 * the first convolution of a block. He et al., arxiv.org/abs/1512.03385.
 */
export function resNet(depth: keyof typeof BLOCKS): Architecture {
  return {
    name: `resnet${depth}`,
    size: 224,
    minSize: 32,
    features: (pictures) =>
      BLOCKS[depth].reduce<SymbolicTensor>((x, count, i) => stack(x, i, count), stem(pictures)),
    poolNames: { avg: 'avg_pool', max: 'max_pool' },
  };
}

function stem(pictures: SymbolicTensor): SymbolicTensor {
  const padded = layers.zeroPadding2d({ padding: 3, name: 'conv1_pad' }).apply(pictures);
  const filtered = convolution(padded, 'conv1', { filters: 64, kernelSize: 7, strides: 2 });
  const x = layers.activation({ activation: 'relu', name: 'conv1_relu' }).apply(filtered);
  const framed = layers.zeroPadding2d({ padding: 1, name: 'pool1_pad' }).apply(x);
  return layers.maxPooling2d({ poolSize: 3, strides: 2, name: 'pool1_pool' }).apply(framed);
}

function stack(x: SymbolicTensor, index: number, blocks: number): SymbolicTensor {
  let y = x;
  for (let i = 1; i <= blocks; i++) {
    const strides = i === 1 && index > 0 ? 2 : 1;
    y = block(y, FILTERS[index]!, strides, i === 1, `conv${index + 2}_block${i}`);
  }
  return y;
}

function block(
  x: SymbolicTensor,
  filters: number,
  strides: number,
  isFirst: boolean,
  name: string,
): SymbolicTensor {
  const relu = (y: SymbolicTensor, role: string): SymbolicTensor =>
    layers.activation({ activation: 'relu', name: `${name}_${role}` }).apply(y);
  const wide = { filters: 4 * filters, kernelSize: 1 };
  const shortcut = isFirst ? convolution(x, `${name}_0`, { ...wide, strides }) : x;
  const first = convolution(x, `${name}_1`, { filters, kernelSize: 1, strides });
  const second = convolution(relu(first, '1_relu'), `${name}_2`, {
    ...{ filters, kernelSize: 3, padding: 'same' },
  });
  const third = convolution(relu(second, '2_relu'), `${name}_3`, wide);
  return relu(layers.add({ name: `${name}_add` }).apply([shortcut, third]), 'out');
}

/** A convolution and its batch normalization. */
function convolution(
  x: SymbolicTensor,
  name: string,
  options: layers.Conv2dOptions,
): SymbolicTensor {
  const y = layers.conv2d({ ...options, name: `${name}_conv` }).apply(x);
  return layers.batchNormalization({ epsilon: 1.001e-5, name: `${name}_bn` }).apply(y);
}
