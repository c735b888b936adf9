import { dropout, gaussianNoise, ones } from '../../ops/index.js';
import type { Shape } from '../../shape.js';
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

  override call(x: Tensor, { training, seed = 0 }: CallOptions = {}): Tensor {
    if (!training) return this.atRest(x);
    const { seed: own } = this.config;
    return this.change(x, own === null ? seed : deriveSeed(seed, own));
  }

  /** What it does outside of training: nothing. */
  protected atRest(x: Tensor): Tensor {
    return x;
  }

  /** What it does in training. */
  protected abstract change(x: Tensor, seed: number): Tensor;
}

/** Range of the option `seed`. */
export const SEED = { least: 0, integer: true, orNull: true };

/** Options of `layers.dropout` and `layers.spatialDropout2d`. */
export interface DropoutOptions extends RandomOptions {
  /** Share of the values that become 0 in training; the others are scaled by 1 / (1 - rate). */
  readonly rate: number;
}

/** Zeroes values at random in training; does nothing otherwise. */
export class Dropout extends RandomLayer {
  override get className(): string {
    return 'Dropout';
  }
  protected override readonly config;

  constructor(options: DropoutOptions) {
    super(options);
    this.config = withDefaults<Own<DropoutOptions>>(this.className, ownOptions(options), {
      rate: undefined,
      seed: null,
    });
    checkNumbers(this.name, this.config, { rate: SHARE, seed: SEED });
  }

  protected override change(x: Tensor, seed: number): Tensor {
    const { rate } = this.config;
    return rate > 0 ? dropout(x, { rate, seed }) : x;
  }
}

/** Zeroes whole channels at random in training. */
export class SpatialDropout2D extends Dropout {
  override get className(): string {
    return 'SpatialDropout2D';
  }

  override computeOutputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, 'height, width, channels');
    return inputShape;
  }

  protected override change(x: Tensor, seed: number): Tensor {
    return x.mul(super.change(ones([x.shape[0]!, 1, 1, x.shape[3]!]), seed));
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

  protected override change(x: Tensor, seed: number): Tensor {
    return gaussianNoise(x, { stddev: this.config.stddev, seed });
  }
}
