import type { SymbolicTensor } from '../nn/graph.js';
import type { Pair } from '../shape.js';
import * as layers from '../nn/layers/index.js';
import type { Architecture } from './architecture.js';

/** A convolution with batch normalization and ReLU: filters, window, stride 2 without padding. */
type Step =
  | readonly [filters: number, kernelSize: Pair]
  | readonly [filters: number, kernelSize: Pair, strided: 'strided'];
/** Steps one after the other; `fork`: the last two stand side by side, and are joined. */
interface Branch {
  readonly steps: readonly Step[];
  readonly fork?: string | null;
}
/** Branches that are joined; the last one begins (or is) a pooling. */
interface Block {
  readonly name: string;
  readonly branches: readonly Branch[];
  /** Filters after the average pooling; 0: a maximum pooling with stride 2 instead. */
  readonly pooled: number;
}

function narrow(name: string, pooled: number): Block {
  return {
    name,
    branches: [
      { steps: [[64, 1]] },
      {
        steps: [
          [48, 1],
          [64, 5],
        ],
      },
      {
        steps: [
          [64, 1],
          [96, 3],
          [96, 3],
        ],
      },
    ],
    pooled,
  };
}

function middle(name: string, n: number): Block {
  return {
    name,
    branches: [
      { steps: [[192, 1]] },
      {
        steps: [
          [n, 1],
          [n, [1, 7]],
          [192, [7, 1]],
        ],
      },
      {
        steps: [
          [n, 1],
          [n, [7, 1]],
          [n, [1, 7]],
          [n, [7, 1]],
          [192, [1, 7]],
        ],
      },
    ],
    pooled: 192,
  };
}

function wide(name: string, fork: string): Block {
  return {
    name,
    branches: [
      { steps: [[320, 1]] },
      {
        steps: [
          [384, 1],
          [384, [1, 3]],
          [384, [3, 1]],
        ],
        fork,
      },
      {
        steps: [
          [448, 1],
          [384, 3],
          [384, [1, 3]],
          [384, [3, 1]],
        ],
        fork: null,
      },
    ],
    pooled: 192,
  };
}

const BLOCKS: readonly Block[] = [
  narrow('mixed0', 32),
  narrow('mixed1', 64),
  narrow('mixed2', 64),
  {
    name: 'mixed3',
    branches: [
      { steps: [[384, 3, 'strided']] },
      {
        steps: [
          [64, 1],
          [96, 3],
          [96, 3, 'strided'],
        ],
      },
    ],
    pooled: 0,
  },
  middle('mixed4', 128),
  middle('mixed5', 160),
  middle('mixed6', 160),
  middle('mixed7', 192),
  {
    name: 'mixed8',
    branches: [
      {
        steps: [
          [192, 1],
          [320, 3, 'strided'],
        ],
      },
      {
        steps: [
          [192, 1],
          [192, [1, 7]],
          [192, [7, 1]],
          [192, 3, 'strided'],
        ],
      },
    ],
    pooled: 0,
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
  neck: (features) => layers.globalAveragePooling2d({ name: 'avg_pool' }).apply(features),
  features: (pictures) => {
    const make = new Maker();
    return BLOCKS.reduce((x, block) => make.block(x, block), make.stem(pictures));
  },
};

/** Makes the layers of one network, and numbers them in this order, as Keras does. */
class Maker {
  private readonly made = new Map<string, number>();

  private next(type: string): string {
    const number = this.made.get(type) ?? 0;
    this.made.set(type, number + 1);
    return number === 0 ? type : `${type}_${number}`;
  }

  stem(pictures: SymbolicTensor): SymbolicTensor {
    const first = this.step(pictures, [32, 3, 'strided']);
    const x = this.step(this.step(first, [32, 3], 'valid'), [64, 3]);
    const y = this.step(this.step(this.maximum(x), [80, 1], 'valid'), [192, 3], 'valid');
    return this.maximum(y);
  }

  block(x: SymbolicTensor, { name, branches, pooled }: Block): SymbolicTensor {
    const results = branches.map((branch) => this.branch(x, branch));
    const last = pooled === 0 ? this.maximum(x) : this.step(this.average(x), [pooled, 1]);
    return layers.concatenate({ name }).apply([...results, last]);
  }

  private branch(x: SymbolicTensor, { steps, fork }: Branch): SymbolicTensor {
    const run = (from: SymbolicTensor, some: readonly Step[]): SymbolicTensor =>
      some.reduce((y, step) => this.step(y, step), from);
    if (fork === undefined) return run(x, steps);
    const y = run(x, steps.slice(0, -2));
    const both = steps.slice(-2).map((step) => this.step(y, step));
    return layers.concatenate({ name: fork ?? this.next('concatenate') }).apply(both);
  }

  private step(
    x: SymbolicTensor,
    [filters, kernelSize, strided]: Step,
    padding: 'same' | 'valid' = strided ? 'valid' : 'same',
  ): SymbolicTensor {
    const filtered = layers
      .conv2d({
        ...{ filters, kernelSize, strides: strided ? 2 : 1, padding, useBias: false },
        name: this.next('conv2d'),
      })
      .apply(x);
    const normal = layers
      .batchNormalization({ scale: false, name: this.next('batch_normalization') })
      .apply(filtered);
    return layers.activation({ activation: 'relu', name: this.next('activation') }).apply(normal);
  }

  private maximum(x: SymbolicTensor): SymbolicTensor {
    const name = this.next('max_pooling2d');
    return layers.maxPooling2d({ poolSize: 3, strides: 2, name }).apply(x);
  }

  private average(x: SymbolicTensor): SymbolicTensor {
    const name = this.next('average_pooling2d');
    return layers.averagePooling2d({ poolSize: 3, strides: 1, padding: 'same', name }).apply(x);
  }
}
