import type { Shape } from '../shape.js';
import * as layers from '../nn/layers/index.js';
import type { Layer } from '../nn/layer.js';
import { sequential, type Sequential, type SequentialOptions } from '../nn/sequential.js';

/** Options of `cifar10Net`. */
export interface Cifar10NetOptions extends SequentialOptions {
  /** Of one picture: [height, width, channels]. Default [32, 32, 3]. */
  readonly inputShape?: Shape;
  /** Default 10. */
  readonly classes?: number;
  /** Whether there are dropout layers. Default true. */
  readonly dropout?: boolean;
}

/** Filters of the three blocks. */
const BLOCKS = [32, 64, 64] as const;

/**
 * A small network for small pictures, of the kind of Keras's CIFAR-10 example: three blocks of two
 * 3x3 convolutions and a pooling, then two dense layers; 669,354 parameters. Ends in softmax.
 */
export function cifar10Net({
  inputShape = [32, 32, 3],
  classes = 10,
  dropout = true,
  ...options
}: Cifar10NetOptions = {}): Sequential {
  const drop = (rate: number): Layer[] => (dropout ? [layers.dropout({ rate })] : []);
  const conv = (filters: number): Layer =>
    layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' });
  return sequential(
    [
      layers.input({ shape: inputShape }),
      ...BLOCKS.flatMap((filters) => [
        conv(filters),
        conv(filters),
        layers.maxPooling2d({ poolSize: 2 }),
        ...drop(0.25),
      ]),
      layers.flatten(),
      layers.dense({ units: 512, activation: 'relu' }),
      ...drop(0.5),
      layers.dense({ units: classes, activation: 'softmax' }),
    ],
    { name: 'cifar10', ...options },
  );
}
