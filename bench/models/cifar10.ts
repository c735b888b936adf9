import { cifar10Net } from '../../src/models/cifar10.js';
import type { ModelRow } from '../row.js';

const inputs = { x: [32, 32, 32, 3] };
const net = { inputs, unit: 'GFLOP/s' as const, model: () => cifar10Net({ seed: 1 }) };

export const cifar10Rows: readonly ModelRow[] = [
  // Compared by the loss, which depends on what dropout has dropped.
  { ...net, name: 'CIFAR-10 net, training step, batch 32', op: 'trainStep', tolerance: 0.1 },
  { ...net, name: 'CIFAR-10 net, inference, batch 32', op: 'predict' },
];
