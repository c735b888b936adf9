import { FoveaError } from '../../errors.js';
import { batchNorm, batchNormInference, ones, zeros } from '../../ops/index.js';
import type { Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { initializer } from '../initializers.js';
import { moveAverage } from '../update.js';
import {
  Layer,
  type CallOptions,
  type LayerConfig,
  type LayerOptions,
  type SeedSource,
} from '../layer.js';

/** Options of `layers.batchNormalization`. */
export interface BatchNormalizationOptions extends LayerOptions {
  /** Share of the moving averages that stays at each step. Default 0.99. */
  readonly momentum?: number;
  /** Added to the variance. Default 0.001. */
  readonly epsilon?: number;
  /** Whether an offset beta is learned. Default true. */
  readonly center?: boolean;
  /** Whether a factor gamma is learned. Default true. */
  readonly scale?: boolean;
}

/**
 * Brings each channel to mean 0 and variance 1, then scales and shifts it. In training with the
 * batch's own (biased) statistics, which move the averages; else, and when the layer is not
 * trainable, with the averages.
 */
export class BatchNormalization extends Layer {
  override get className(): string {
    return 'BatchNormalization';
  }
  private readonly config;

  constructor(options: BatchNormalizationOptions = {}) {
    super(options);
    const { momentum = 0.99, epsilon = 1e-3, center = true, scale = true } = options;
    if (!(momentum >= 0 && momentum <= 1) || !(epsilon > 0)) {
      throw new FoveaError(
        'ARGUMENT',
        `${this.name}: momentum must be in 0..1 and epsilon positive, got ` +
          `${String(momentum)} and ${String(epsilon)}`,
      );
    }
    this.config = { momentum, epsilon, center, scale };
  }

  override outputShape(inputShape: Shape): Shape {
    if (inputShape.length > 0) return inputShape;
    throw new FoveaError('SHAPE', `${this.name}: needs samples with a dimension of channels`);
  }

  protected override createWeights(inputShape: Shape, nextSeed: SeedSource): void {
    const shape = [inputShape.at(-1)!];
    const [one, zero] = [initializer('ones'), initializer('zeros')];
    if (this.config.scale) this.addWeight('gamma', shape, one, nextSeed);
    if (this.config.center) this.addWeight('beta', shape, zero, nextSeed);
    this.addWeight('moving_mean', shape, zero, nextSeed, false);
    this.addWeight('moving_variance', shape, one, nextSeed, false);
  }

  override call(x: Tensor, { training }: CallOptions = {}): Tensor {
    const { momentum, epsilon, center, scale } = this.config;
    const channels = [x.shape.at(-1)!];
    const gamma = scale ? this.weight('gamma') : ones(channels);
    const beta = center ? this.weight('beta') : zeros(channels);
    const movingMean = this.weight('moving_mean');
    const movingVariance = this.weight('moving_variance');
    if (!training || !this.trainable) {
      return batchNormInference(x, gamma, beta, movingMean, movingVariance, { epsilon });
    }
    const { y, mean, variance } = batchNorm(x, gamma, beta, { epsilon });
    moveAverage(movingMean, mean, momentum);
    moveAverage(movingVariance, variance, momentum);
    return y;
  }

  override getConfig(): LayerConfig {
    return { ...super.getConfig(), ...this.config };
  }
}
