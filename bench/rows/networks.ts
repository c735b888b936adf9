import { buildApplication, settingsOf, type Architecture } from '../../src/models/architecture.js';
import { cifar10Net } from '../../src/models/cifar10.js';
import { zoo } from '../../src/models/zoo.js';
import type { Model } from '../../src/nn/model.js';
import type { ModelRow } from '../row.js';

type Which = Pick<ModelRow, 'set'>;

const cifar10 = {
  inputs: { x: [32, 32, 32, 3] },
  unit: 'GFLOP/s',
  model: () => cifar10Net({ seed: 1 }),
} as const;

const { resNet50, vgg16, efficientNetB0 } = zoo;

function build(architecture: Architecture, size: number, classes: number): Model {
  const options = { inputShape: [size, size, 3], classes, seed: 1 };
  return buildApplication(architecture, settingsOf(architecture, options));
}

function inference(
  name: string,
  { architecture }: { readonly architecture: Architecture },
  batch: number,
  which: Which = {},
): ModelRow {
  return {
    ...{ ...which, name: `${name}, inference, batch ${batch}`, op: 'predict', unit: 'GFLOP/s' },
    ...{ inputs: { x: [batch, 224, 224, 3] }, model: () => build(architecture, 224, 1000) },
  };
}

function training(
  name: string,
  { architecture }: { readonly architecture: Architecture },
  { batch, size, ...which }: Which & { readonly batch: number; readonly size: number },
): ModelRow {
  const full = size === 224 ? name : `${name} of ${size}x${size}`;
  return {
    // Compared by the loss, which depends on what is dropped.
    ...{
      ...which,
      name: `${full}, training step, batch ${batch}`,
      op: 'trainStep',
      tolerance: 0.1,
    },
    ...{ inputs: { x: [batch, size, size, 3] }, model: () => build(architecture, size, 10) },
    unit: 'GFLOP/s',
  };
}

export const networkRows: readonly ModelRow[] = [
  { ...cifar10, name: 'CIFAR-10 net, training step, batch 32', op: 'trainStep', tolerance: 0.1 },
  { ...cifar10, name: 'CIFAR-10 net, inference, batch 32', op: 'predict' },
  inference('ResNet50', resNet50, 1),
  inference('ResNet50', resNet50, 8, { set: 'long' }),
  training('ResNet50', resNet50, { batch: 8, size: 64, set: 'long' }),
  inference('VGG-16', vgg16, 1),
  inference('VGG-16', vgg16, 8, { set: 'long' }),
  inference('ResNet50', resNet50, 64, { set: 'gpu' }),
  training('ResNet50', resNet50, { batch: 64, size: 224, set: 'gpu' }),
  inference('VGG-16', vgg16, 64, { set: 'gpu' }),
  training('EfficientNet-B0', efficientNetB0, { batch: 64, size: 224, set: 'gpu' }),
];
