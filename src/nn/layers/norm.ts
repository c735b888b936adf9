import { FoveaError } from '../../errors.js';
import {
  batchNorm,
  batchNormInference,
  layerNorm,
  ones,
  transpose,
  zeros,
} from '../../ops/index.js';
import { activations, type Activation } from '../../ops/activation.js';
import { scaleShift } from '../../ops/norm.js';
import type { Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { checkFlags, checkNumbers, withDefaults } from '../config.js';
import type { ConstraintLike } from '../constraints.js';
import type { Fusion, Into } from '../fuse.js';
import type { InitializerLike } from '../initializers.js';
import {
  Layer,
  ownOptions,
  type CallOptions,
  type LayerOptions,
  type SeedSource,
} from '../layer.js';
import type { RegularizerLike } from '../regularizers.js';
import { moveAverages } from '../update.js';
import { sampleAxes } from './axes.js';
import { resolveWeights, weightOptions, type Own } from './parameters.js';

/** What the normalizations share: a factor gamma and an offset beta that are learned. */
export interface ScaleOptions extends LayerOptions {
  /** Whether an offset beta is learned. Default true. */
  readonly center?: boolean | undefined;
  /** Whether a factor gamma is learned. Default true. */
  readonly scale?: boolean | undefined;
  /** Default 'zeros'. */
  readonly betaInitializer?: InitializerLike | undefined;
  /** Default 'ones'. */
  readonly gammaInitializer?: InitializerLike | undefined;
  readonly betaRegularizer?: RegularizerLike | null | undefined;
  readonly gammaRegularizer?: RegularizerLike | null | undefined;
  readonly betaConstraint?: ConstraintLike | null | undefined;
  readonly gammaConstraint?: ConstraintLike | null | undefined;
}

const SCALE = {
  center: true,
  scale: true,
  betaInitializer: 'zeros',
  gammaInitializer: 'ones',
  betaRegularizer: null,
  gammaRegularizer: null,
  betaConstraint: null,
  gammaConstraint: null,
} as const;

/** Options of `layers.batchNormalization`. */
export interface BatchNormalizationOptions extends ScaleOptions {
  /** Dimension of a batch that holds the channels. Default -1: the last. */
  readonly axis?: number | readonly number[] | undefined;
  /** Share of the moving averages that stays at each step. Default 0.99. */
  readonly momentum?: number | undefined;
  /** Added to the variance. Default 0.001. */
  readonly epsilon?: number | undefined;
  /** Default 'zeros'. */
  readonly movingMeanInitializer?: InitializerLike | undefined;
  /** Default 'ones'. */
  readonly movingVarianceInitializer?: InitializerLike | undefined;
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
  protected override readonly config;

  constructor(options: BatchNormalizationOptions = {}) {
    super(options);
    this.config = resolveWeights(
      withDefaults<Own<BatchNormalizationOptions>>(this.className, ownOptions(options), {
        ...{ axis: -1, momentum: 0.99, epsilon: 1e-3, ...SCALE },
        movingMeanInitializer: 'zeros',
        movingVarianceInitializer: 'ones',
      }),
    );
    checkNumbers(this.name, this.config, {
      momentum: { least: 0, most: 1 },
      epsilon: { above: 0 },
    });
    checkFlags(this.name, this.config, 'center', 'scale');
  }

  override computeOutputShape(inputShape: Shape): Shape {
    this.axesOf(inputShape.length + 1);
    return inputShape;
  }

  /** @param rank of a batch */
  private axesOf(rank: number): readonly [number] {
    const axes = sampleAxes(this.name, this.config.axis, rank);
    if (axes.length === 1) return axes as [number];
    throw new FoveaError(
      'ARGUMENT',
      `${this.name}: axis must be one dimension, got ${axes.join()}`,
    );
  }

  protected override createWeights(inputShape: Shape, nextSeed: SeedSource): void {
    const shape = [inputShape[this.axesOf(inputShape.length + 1)[0] - 1]!];
    const { config } = this;
    const average = (prefix: string): ReturnType<typeof weightOptions> => ({
      ...weightOptions(config, prefix),
      trainable: false,
    });
    if (config.scale) this.addWeight('gamma', shape, weightOptions(config, 'gamma'), nextSeed);
    if (config.center) this.addWeight('beta', shape, weightOptions(config, 'beta'), nextSeed);
    this.addWeight('moving_mean', shape, average('movingMean'), nextSeed);
    this.addWeight('moving_variance', shape, average('movingVariance'), nextSeed);
  }

  override get fusion(): Fusion | undefined {
    if (this.constructor !== BatchNormalization || this.config.axis !== -1) return undefined;
    return {
      kind: 'norm',
      scaleShift: (bias) => {
        const { gamma, beta } = this.scaleAndShift();
        const averages = {
          mean: this.weight('moving_mean'),
          variance: this.weight('moving_variance'),
        };
        return scaleShift({ gamma, beta, ...averages }, bias, this.config.epsilon);
      },
      usesBatch: (options) => this.usesBatch(options),
      call: (x, activation, options, into) => this.normalize(x, options, activation, into),
    };
  }

  override call(x: Tensor, options: CallOptions = {}): Tensor {
    return withLast(x, this.axesOf(x.rank), (last) => this.normalize(last, options));
  }

  private usesBatch({ training = false }: CallOptions): boolean {
    return training && this.trainable;
  }

  private scaleAndShift(): { gamma: Tensor; beta: Tensor } {
    const channels = this.weight('moving_mean').shape;
    return {
      gamma: this.config.scale ? this.weight('gamma') : ones(channels),
      beta: this.config.center ? this.weight('beta') : zeros(channels),
    };
  }

  private normalize(x: Tensor, options: CallOptions, activation?: Activation, into?: Into): Tensor {
    const { momentum, epsilon } = this.config;
    const { gamma, beta } = this.scaleAndShift();
    const movingMean = this.weight('moving_mean');
    const movingVariance = this.weight('moving_variance');
    if (!this.usesBatch(options)) {
      const y = batchNormInference(x, gamma, beta, movingMean, movingVariance, { epsilon });
      const z = activation ? replaced(y, activations[activation]) : y;
      return into ? replaced(z, (between) => into.call(between, into)) : z;
    }
    const how = { epsilon, activation };
    const { y, mean, variance } =
      into?.callNormed?.(x, gamma, beta, how, into) ?? batchNorm(x, gamma, beta, how);
    moveAverages([movingMean, movingVariance], [mean, variance], momentum);
    return y;
  }
}

/** The result of an operation on a tensor that nothing else needs. */
function replaced(x: Tensor, operation: (x: Tensor) => Tensor): Tensor {
  const y = operation(x);
  x.dispose();
  return y;
}

/** Options of `layers.layerNormalization`. */
export interface LayerNormalizationOptions extends ScaleOptions {
  /** Dimensions of a batch that are normalized together. Default -1: the last. */
  readonly axis?: number | readonly number[] | undefined;
  /** Added to the variance. Default 0.001. */
  readonly epsilon?: number | undefined;
}

/** Brings each sample (each position, by default) to mean 0 and variance 1, then scales and shifts. */
export class LayerNormalization extends Layer {
  override get className(): string {
    return 'LayerNormalization';
  }
  protected override readonly config;

  constructor(options: LayerNormalizationOptions = {}) {
    super(options);
    const defaults = { axis: -1, epsilon: 1e-3, ...SCALE };
    this.config = resolveWeights(
      withDefaults<Own<LayerNormalizationOptions>>(this.className, ownOptions(options), defaults),
    );
    checkNumbers(this.name, this.config, { epsilon: { above: 0 } });
    checkFlags(this.name, this.config, 'center', 'scale');
  }

  override computeOutputShape(inputShape: Shape): Shape {
    sampleAxes(this.name, this.config.axis, inputShape.length + 1);
    return inputShape;
  }

  protected override createWeights(inputShape: Shape, nextSeed: SeedSource): void {
    const { config } = this;
    const axes = sampleAxes(this.name, config.axis, inputShape.length + 1);
    const shape = axes.map((axis) => inputShape[axis - 1]!);
    if (config.scale) this.addWeight('gamma', shape, weightOptions(config, 'gamma'), nextSeed);
    if (config.center) this.addWeight('beta', shape, weightOptions(config, 'beta'), nextSeed);
  }

  override call(x: Tensor): Tensor {
    const { epsilon, center, scale, axis } = this.config;
    const axes = sampleAxes(this.name, axis, x.rank);
    const shape = axes.map((each) => x.shape[each]!);
    const gamma = scale ? this.weight('gamma') : ones(shape);
    const beta = center ? this.weight('beta') : zeros(shape);
    return withLast(x, axes, (last) =>
      layerNorm(last, gamma, beta, { epsilon, axes: axes.length }),
    );
  }
}

/** Runs `fn` with these dimensions as the last ones, and brings the result back to the old order. */
function withLast(x: Tensor, axes: readonly number[], fn: (x: Tensor) => Tensor): Tensor {
  const all = [...x.shape.keys()];
  const order = [...all.filter((axis) => !axes.includes(axis)), ...axes];
  if (order.every((axis, i) => axis === i)) return fn(x);
  const back = all.map((axis) => order.indexOf(axis));
  return transpose(fn(transpose(x, order)), back);
}
