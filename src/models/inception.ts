import type { SymbolicTensor } from '../nn/graph.js';
import * as layers from '../nn/layers/index.js';
import type { Architecture } from './architecture.js';

/** Branches that are joined. */
interface Block {
  readonly name: string;
  /**
   * Steps one after the other: '96 3x3' is a convolution with 96 filters, '96 3x3/2' one with
   * stride 2 and no padding; 'average' and 'maximum' are poolings. Steps beside each other ('|') end
   * a branch, and are joined.
   */
  readonly branches: readonly string[];
  /** Name of the first place in it where steps beside each other are joined. */
  readonly fork?: string;
}

const narrow = (name: string, pooled: number): Block => ({
  name,
  branches: ['64 1x1', '48 1x1 > 64 5x5', '64 1x1 > 96 3x3 > 96 3x3', `average > ${pooled} 1x1`],
});

const middle = (name: string, n: number): Block => ({
  name,
  branches: [
    '192 1x1',
    `${n} 1x1 > ${n} 1x7 > 192 7x1`,
    `${n} 1x1 > ${n} 7x1 > ${n} 1x7 > ${n} 7x1 > 192 1x7`,
    'average > 192 1x1',
  ],
});

const wide = (name: string, fork: string): Block => ({
  name,
  branches: [
    '320 1x1',
    '384 1x1 > 384 1x3 | 384 3x1',
    '448 1x1 > 384 3x3 > 384 1x3 | 384 3x1',
    'average > 192 1x1',
  ],
  fork,
});

const BLOCKS: readonly Block[] = [
  narrow('mixed0', 32),
  narrow('mixed1', 64),
  narrow('mixed2', 64),
  { name: 'mixed3', branches: ['384 3x3/2', '64 1x1 > 96 3x3 > 96 3x3/2', 'maximum'] },
  middle('mixed4', 128),
  middle('mixed5', 160),
  middle('mixed6', 160),
  middle('mixed7', 192),
  {
    name: 'mixed8',
    branches: ['192 1x1 > 320 3x3/2', '192 1x1 > 192 1x7 > 192 7x1 > 192 3x3/2', 'maximum'],
  },
  wide('mixed9', 'mixed9_0'),
  wide('mixed10', 'mixed9_1'),
];

/**
 * Inception, version 3: blocks of branches with windows of several sizes.
 * Szegedy et al., arxiv.org/abs/1512.00567.
 */
export const inceptionV3: Architecture = {
  name: 'inception_v3',
  size: 299,
  minSize: 75,
  features: (pictures) => {
    const make = new Maker();
    return BLOCKS.reduce((x, block) => make.block(x, block), make.stem(pictures));
  },
  neck: (features) => layers.globalAveragePooling2d({ name: 'avg_pool' }).apply(features),
};

/** Makes the layers of one network, and numbers them in this order, as Keras does. */
class Maker {
  private readonly made = new Map<string, number>();

  stem(pictures: SymbolicTensor): SymbolicTensor {
    const first = this.conv(this.conv(pictures, 32, [3, 3], 2), 32, [3, 3], 1, 'valid');
    const x = this.pool(this.conv(first, 64, [3, 3]), 'maximum');
    const second = this.conv(x, 80, [1, 1], 1, 'valid');
    return this.pool(this.conv(second, 192, [3, 3], 1, 'valid'), 'maximum');
  }

  block(x: SymbolicTensor, { name, branches, fork }: Block): SymbolicTensor {
    let forkName = fork;
    const results = branches.map((branch) => {
      const [chain, ...beside] = branch.split(' | ') as [string, ...string[]];
      const steps = chain.split(' > ');
      if (beside.length === 0) return steps.reduce((y, step) => this.step(y, step), x);
      const y = steps.slice(0, -1).reduce((from, step) => this.step(from, step), x);
      const both = [steps.at(-1)!, ...beside].map((step) => this.step(y, step));
      const joined = layers.concatenate({ name: forkName ?? this.next('concatenate') });
      forkName = undefined;
      return joined.apply(both);
    });
    return layers.concatenate({ name }).apply(results);
  }

  private next(type: string): string {
    const number = this.made.get(type) ?? 0;
    this.made.set(type, number + 1);
    return number === 0 ? type : `${type}_${number}`;
  }

  private step(x: SymbolicTensor, step: string): SymbolicTensor {
    if (step === 'average' || step === 'maximum') return this.pool(x, step);
    const [filters, rows, columns, strides = 1] = step.match(/\d+/g)!.map(Number);
    return this.conv(x, filters!, [rows!, columns!], strides);
  }

  /** A convolution with batch normalization and ReLU. */
  private conv(
    x: SymbolicTensor,
    filters: number,
    kernelSize: readonly [number, number],
    strides = 1,
    padding: 'same' | 'valid' = strides === 1 ? 'same' : 'valid',
  ): SymbolicTensor {
    const name = this.next('conv2d');
    const filtered = layers
      .conv2d({ filters, kernelSize, strides, padding, useBias: false, name })
      .apply(x);
    const normal = layers
      .batchNormalization({ scale: false, name: this.next('batch_normalization') })
      .apply(filtered);
    return layers.activation({ activation: 'relu', name: this.next('activation') }).apply(normal);
  }

  /** Of 3x3; the maximum with stride 2. */
  private pool(x: SymbolicTensor, kind: 'average' | 'maximum'): SymbolicTensor {
    if (kind === 'maximum') {
      const name = this.next('max_pooling2d');
      return layers.maxPooling2d({ poolSize: 3, strides: 2, name }).apply(x);
    }
    const name = this.next('average_pooling2d');
    return layers.averagePooling2d({ poolSize: 3, strides: 1, padding: 'same', name }).apply(x);
  }
}
