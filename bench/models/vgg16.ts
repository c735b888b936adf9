import * as layers from '../../src/nn/layers/index.js';
import { sequential, type Sequential } from '../../src/nn/sequential.js';
import type { ModelRow } from '../row.js';

/** The network of "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2014. */
function vgg16(): Sequential {
  const block = (filters: number, count: number): Parameters<typeof sequential>[0] => [
    ...Array.from({ length: count }, () =>
      layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' }),
    ),
    layers.maxPooling2d({ poolSize: 2 }),
  ];
  return sequential(
    [
      layers.input({ shape: [224, 224, 3] }),
      ...[block(64, 2), block(128, 2), block(256, 3), block(512, 3), block(512, 3)].flat(),
      layers.flatten(),
      layers.dense({ units: 4096, activation: 'relu' }),
      layers.dense({ units: 4096, activation: 'relu' }),
      layers.dense({ units: 1000, activation: 'softmax' }),
    ],
    { name: 'vgg16', seed: 1 },
  );
}

const common = { op: 'predict', unit: 'GFLOP/s', model: vgg16 } as const;

export const vgg16Rows: readonly ModelRow[] = [
  { ...common, name: 'VGG-16, inference, batch 1', inputs: { x: [1, 224, 224, 3] } },
  { ...common, name: 'VGG-16, inference, batch 8', inputs: { x: [8, 224, 224, 3] }, full: true },
];
