import type { SymbolicTensor } from '../nn/graph.js';
import * as layers from '../nn/layers/index.js';
import type { Architecture } from './architecture.js';

/** Filters of the five blocks, and how many convolutions each has. */
const FILTERS = [64, 128, 256, 512, 512];
const CONVOLUTIONS = { 16: [2, 2, 3, 3, 3], 19: [2, 2, 4, 4, 4] } as const;

/**
 * VGG: blocks of 3x3 convolutions, then two dense layers of 4,096 units.
 * Simonyan and Zisserman, arxiv.org/abs/1409.1556.
 */
export function vgg(depth: keyof typeof CONVOLUTIONS): Architecture {
  return {
    name: `vgg${depth}`,
    size: 224,
    minSize: 32,
    features: (pictures) =>
      CONVOLUTIONS[depth].reduce<SymbolicTensor>((x, count, i) => block(x, i, count), pictures),
    neck: (features) => {
      const rows = layers.flatten({ name: 'flatten' }).apply(features);
      return ['fc1', 'fc2'].reduce(
        (x, name) => layers.dense({ units: 4096, activation: 'relu', name }).apply(x),
        rows,
      );
    },
  };
}

function block(x: SymbolicTensor, index: number, convolutions: number): SymbolicTensor {
  const name = `block${index + 1}`;
  const filters = FILTERS[index]!;
  let y = x;
  for (let i = 1; i <= convolutions; i++) {
    y = layers
      .conv2d({
        ...{ filters, kernelSize: 3, padding: 'same', activation: 'relu' },
        name: `${name}_conv${i}`,
      })
      .apply(y);
  }
  return layers.maxPooling2d({ poolSize: 2, name: `${name}_pool` }).apply(y);
}
