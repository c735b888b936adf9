import type { SymbolicTensor } from '../nn/graph.js';
import * as layers from '../nn/layers/index.js';
import type { Architecture } from './architecture.js';
import { correctPad } from './padding.js';

/** Filters, and the strides of the blocks. The first block does not expand, all others six times. */
const STACKS: readonly (readonly [filters: number, strides: readonly number[]])[] = [
  [16, [1]],
  [24, [2, 1]],
  [32, [2, 1, 1]],
  [64, [2, 1, 1, 1]],
  [96, [1, 1, 1]],
  [160, [2, 1, 1]],
  [320, [1]],
];
const EXPANSION = 6;

/**
 * MobileNet, version 2: inverted residual blocks, which expand, filter each channel by itself and
 * project. Sandler et al., arxiv.org/abs/1801.04381.
 */
export const mobileNetV2: Architecture = {
  name: 'mobilenetv2_1.00',
  isNamedBySize: true,
  size: 224,
  minSize: 32,
  features: (pictures) => {
    const stem = pointwise(pictures, 32, 'Conv1', 'bn_Conv1', { kernelSize: 3, strides: 2 });
    let x = relu6(stem, 'Conv1_relu');
    let id = 0;
    for (const [filters, allStrides] of STACKS) {
      for (const strides of allStrides) x = block(x, filters, strides, id++);
    }
    return relu6(pointwise(x, 1280, 'Conv_1', 'Conv_1_bn'), 'out_relu');
  },
};

function block(x: SymbolicTensor, filters: number, strides: number, id: number): SymbolicTensor {
  const channels = x.shape[2]!;
  const prefix = id === 0 ? 'expanded_conv' : `block_${id}`;
  const expanded = id === 0 ? x : expand(x, EXPANSION * channels, prefix);
  const filtered = depthwise(expanded, strides, prefix);
  const y = pointwise(filtered, filters, `${prefix}_project`, `${prefix}_project_BN`);
  if (strides !== 1 || channels !== filters) return y;
  return layers.add({ name: `${prefix}_add` }).apply([x, y]);
}

function expand(x: SymbolicTensor, filters: number, prefix: string): SymbolicTensor {
  const name = `${prefix}_expand`;
  return relu6(pointwise(x, filters, name, `${name}_BN`), `${name}_relu`);
}

function depthwise(x: SymbolicTensor, strides: number, prefix: string): SymbolicTensor {
  const name = `${prefix}_depthwise`;
  const padded = strides === 1 ? x : correctPad(x, 3, `${prefix}_pad`);
  const y = layers
    .depthwiseConv2d({
      ...{ kernelSize: 3, strides, useBias: false, name },
      padding: strides === 1 ? 'same' : 'valid',
    })
    .apply(padded);
  return relu6(normalize(y, `${name}_BN`), `${name}_relu`);
}

/** A convolution, 1x1 by default, and its batch normalization. */
function pointwise(
  x: SymbolicTensor,
  filters: number,
  name: string,
  normalizationName: string,
  window: Pick<layers.Conv2dOptions, 'kernelSize' | 'strides'> = { kernelSize: 1 },
): SymbolicTensor {
  const options = { ...window, filters, padding: 'same', useBias: false, name } as const;
  return normalize(layers.conv2d(options).apply(x), normalizationName);
}

function normalize(x: SymbolicTensor, name: string): SymbolicTensor {
  return layers.batchNormalization({ momentum: 0.999, name }).apply(x);
}

function relu6(x: SymbolicTensor, name: string): SymbolicTensor {
  return layers.reLU({ maxValue: 6, name }).apply(x);
}
