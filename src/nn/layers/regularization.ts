import { dropout, fill, gaussianNoise } from '../../ops/index.js';
import { floatTypeOf } from '../../ops/elementwise.js';
import { FoveaError } from '../../errors.js';
import { formatShape, sameShape, type Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { AT_LEAST_0, checkNumbers, SHARE, withDefaults } from '../config.js';
import {
  checkSampleRank,
  Layer,
  ownOptions,
  type CallOptions,
  type LayerOptions,
} from '../layer.js';
import { deriveSeed } from '../seeds.js';
import type { Own } from './parameters.js';

/** Options of layers that draw random numbers. */
export interface RandomOptions extends LayerOptions {
  /** An integer from 0: layers with other seeds draw other numbers. Default null: by position. */
  readonly seed?: number | null | undefined;
}

/** Layers that act at random, in training only. */
export abstract class RandomLayer extends Layer {
  protected abstract override readonly config: { readonly seed: number | null };

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(x: Tensor, { training, seed = () => 0 }: CallOptions = {}): Tensor {
    if (!training) return this.atRest(x);
    const { seed: own } = this.config;
    return this.change(x, own === null ? seed : () => deriveSeed(seed(), own));
  }

  /** What it does outside of training: nothing. */
  protected atRest(x: Tensor): Tensor {
    return x;
  }

  /** What it does in training. */
  protected abstract change(x: Tensor, seed: () => number): Tensor;
}

/** Range of the option `seed`. */
export const SEED = { least: 0, integer: true, orNull: true };

/** Options of `layers.spatialDropout2d`. */
export interface SpatialDropoutOptions extends RandomOptions {
  /** Share of the values that become 0 in training; the others are scaled by 1 / (1 - rate). */
  readonly rate: number;
}

/** Options of `layers.dropout`. */
export interface DropoutOptions extends SpatialDropoutOptions {
  /**
   * Shape of what is drawn for a batch: values along a dimension of size 1 are dropped together; null
   * stands for the size that the batch has. Default null: each value by itself.
   */
  readonly noiseShape?: readonly (number | null)[] | null | undefined;
}

/** Zeroes values at random in training; does nothing otherwise. */
export class Dropout extends RandomLayer {
  override get className(): string {
    return 'Dropout';
  }
  protected override readonly config;

  constructor(options: DropoutOptions) {
    super(options);
    this.config = withDefaults<Own<DropoutOptions>>(this.name, ownOptions(options), {
      rate: undefined,
      noiseShape: null,
      seed: null,
    });
    checkNumbers(this.name, this.config, { rate: SHARE, seed: SEED });
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { noiseShape } = this.config;
    const fits =
      noiseShape === null ||
      (noiseShape.length === inputShape.length + 1 &&
        noiseShape.slice(1).every((n, i) => n === null || n === 1 || n === inputShape[i]));
    if (fits) return inputShape;
    throw new FoveaError(
      'SHAPE',
      `${this.name}: noiseShape ${JSON.stringify(noiseShape)} does not fit samples of shape ` +
        formatShape(inputShape),
    );
  }

  protected override change(x: Tensor, seed: () => number): Tensor {
    const { rate, noiseShape } = this.config;
    return dropped(x, noiseShape?.map((n, i) => n ?? x.shape[i]!) ?? x.shape, rate, seed);
  }
}

/** Dropout of values that share a mask along the dimensions where `shape` is 1. */
function dropped(x: Tensor, shape: Shape, rate: number, seed: () => number): Tensor {
  if (rate === 0) return x;
  if (sameShape(shape, x.shape)) return dropout(x, { rate, seed });
  // Of the type of x, so that their product is, too.
  const all = fill(shape, 1, floatTypeOf('dropout', x));
  return x.mul(dropout(all, { rate, seed }));
}

/** Zeroes whole channels at random in training. */
export class SpatialDropout2D extends RandomLayer {
  override get className(): string {
    return 'SpatialDropout2D';
  }
  protected override readonly config;

  constructor(options: SpatialDropoutOptions) {
    super(options);
    this.config = withDefaults<Own<SpatialDropoutOptions>>(this.name, ownOptions(options), {
      rate: undefined,
      seed: null,
    });
    checkNumbers(this.name, this.config, { rate: SHARE, seed: SEED });
  }

  override computeOutputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, 'height, width, channels');
    return inputShape;
  }

  protected override change(x: Tensor, seed: () => number): Tensor {
    return dropped(x, [x.shape[0]!, 1, 1, x.shape[3]!], this.config.rate, seed);
  }
}

/** Options of `layers.gaussianNoise`. */
export interface GaussianNoiseOptions extends RandomOptions {
  /** Standard deviation of the noise. */
  readonly stddev: number;
}

/** Adds normally distributed noise in training. */
export class GaussianNoise extends RandomLayer {
  override get className(): string {
    return 'GaussianNoise';
  }
  protected override readonly config;

  constructor(options: GaussianNoiseOptions) {
    super(options);
    this.config = withDefaults<Own<GaussianNoiseOptions>>(this.className, ownOptions(options), {
      stddev: undefined,
      seed: null,
    });
    checkNumbers(this.name, this.config, { stddev: AT_LEAST_0, seed: SEED });
  }

  protected override change(x: Tensor, seed: () => number): Tensor {
    return gaussianNoise(x, { stddev: this.config.stddev, seed });
  }
}
