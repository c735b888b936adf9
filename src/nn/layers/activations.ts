import { FoveaError } from '../../errors.js';
import { elu, leakyRelu, prelu, relu, softmax, transpose } from '../../ops/index.js';
import type { Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { AT_LEAST_0, checkNumbers, withDefaults } from '../config.js';
import type { ConstraintLike } from '../constraints.js';
import type { Fusion } from '../fuse.js';
import type { InitializerLike } from '../initializers.js';
import {
  Layer,
  ownOptions,
  type CallOptions,
  type LayerOptions,
  type SeedSource,
} from '../layer.js';
import type { RegularizerLike } from '../regularizers.js';
import { resolveWeights, weightOptions, type Own } from './parameters.js';

/** Layers that change each number by itself. */
abstract class Elementwise extends Layer {
  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }
}

/** Options of `layers.reLU`. */
export interface ReLUOptions extends LayerOptions {
  /** Results are not above it. Default null: no limit. */
  readonly maxValue?: number | null | undefined;
  /** Slope below the threshold. Default 0. */
  readonly negativeSlope?: number | undefined;
  /** Default 0. */
  readonly threshold?: number | undefined;
}

/** max(x, 0), with Keras's three options. */
export class ReLU extends Elementwise {
  override get className(): string {
    return 'ReLU';
  }
  protected override readonly config;

  constructor(options: ReLUOptions = {}) {
    super(options);
    this.config = withDefaults<Own<ReLUOptions>>(this.className, ownOptions(options), {
      maxValue: null,
      negativeSlope: 0,
      threshold: 0,
    });
    checkNumbers(this.name, this.config, {
      maxValue: { least: 0, orNull: true },
      negativeSlope: AT_LEAST_0,
      threshold: AT_LEAST_0,
    });
  }

  override get fusion(): Fusion | undefined {
    const { maxValue, negativeSlope, threshold } = this.config;
    if (this.constructor !== ReLU || negativeSlope !== 0 || threshold !== 0) return undefined;
    if (maxValue !== null && maxValue !== 6) return undefined;
    return { kind: 'activation', activation: maxValue === 6 ? 'relu6' : 'relu' };
  }

  override call(x: Tensor): Tensor {
    const { maxValue, negativeSlope, threshold } = this.config;
    return relu(x, { negativeSlope, threshold, ...(maxValue !== null && { maxValue }) });
  }
}

/** Options of `layers.leakyReLU`. */
export interface LeakyReLUOptions extends LayerOptions {
  /** Slope below 0. Default 0.3. */
  readonly negativeSlope?: number | undefined;
}

/** x above 0, negativeSlope * x below. */
export class LeakyReLU extends Elementwise {
  override get className(): string {
    return 'LeakyReLU';
  }
  protected override readonly config;

  constructor(options: LeakyReLUOptions = {}) {
    super(options);
    const defaults = { negativeSlope: 0.3 };
    this.config = withDefaults<Own<LeakyReLUOptions>>(
      this.className,
      ownOptions(options),
      defaults,
    );
    checkNumbers(this.name, this.config, { negativeSlope: AT_LEAST_0 });
  }

  override call(x: Tensor): Tensor {
    return leakyRelu(x, this.config);
  }
}

/** Options of `layers.prelu`. */
export interface PReLUOptions extends LayerOptions {
  /** Default 'zeros'. */
  readonly alphaInitializer?: InitializerLike | undefined;
  readonly alphaRegularizer?: RegularizerLike | null | undefined;
  readonly alphaConstraint?: ConstraintLike | null | undefined;
  /** Dimensions of a sample, counted from 1, along which there is one slope. Default: none. */
  readonly sharedAxes?: readonly number[] | null | undefined;
}

/** x above 0, alpha * x below, with slopes that are learned. */
export class PReLU extends Elementwise {
  override get className(): string {
    return 'PReLU';
  }
  protected override readonly config;

  constructor(options: PReLUOptions = {}) {
    super(options);
    this.config = resolveWeights(
      withDefaults<Own<PReLUOptions>>(this.className, ownOptions(options), {
        alphaInitializer: 'zeros',
        alphaRegularizer: null,
        alphaConstraint: null,
        sharedAxes: null,
      }),
    );
  }

  protected override createWeights(inputShape: Shape, nextSeed: SeedSource): void {
    const { sharedAxes } = this.config;
    const shape = inputShape.map((n, i) => (sharedAxes?.includes(i + 1) ? 1 : n));
    this.addWeight('alpha', shape, weightOptions(this.config, 'alpha'), nextSeed);
  }

  override call(x: Tensor): Tensor {
    return prelu(x, this.weight('alpha'));
  }
}

/** Options of `layers.elu`. */
export interface ELUOptions extends LayerOptions {
  /** Default 1. */
  readonly alpha?: number | undefined;
}

/** x above 0, alpha * (exp(x) - 1) below. */
export class ELU extends Elementwise {
  override get className(): string {
    return 'ELU';
  }
  protected override readonly config;

  constructor(options: ELUOptions = {}) {
    super(options);
    this.config = withDefaults<Own<ELUOptions>>(this.className, ownOptions(options), { alpha: 1 });
    checkNumbers(this.name, this.config, { alpha: {} });
  }

  override call(x: Tensor): Tensor {
    return elu(x, this.config);
  }
}

/** Options of `layers.softmax`. */
export interface SoftmaxOptions extends LayerOptions {
  /** Dimension of a batch that sums to 1. Default -1: the last. */
  readonly axis?: number | undefined;
}

/** exp(x) / sum(exp(x)) along a dimension. */
export class Softmax extends Elementwise {
  override get className(): string {
    return 'Softmax';
  }
  protected override readonly config;
  private isLast = true;

  constructor(options: SoftmaxOptions = {}) {
    super(options);
    this.config = withDefaults<Own<SoftmaxOptions>>(this.className, ownOptions(options), {
      axis: -1,
    });
    checkNumbers(this.name, this.config, { axis: { integer: true } });
  }

  override get activationName(): string {
    return this.isLast ? 'softmax' : 'linear';
  }

  override computeOutputShape(inputShape: Shape): Shape {
    this.isLast = this.axisOf(inputShape.length + 1) === inputShape.length;
    return inputShape;
  }

  override call(x: Tensor, { logits }: CallOptions = {}): Tensor {
    if (logits) return x;
    const axis = this.axisOf(x.rank);
    if (axis === x.rank - 1) return softmax(x);
    const order = [...x.shape.keys()];
    order[axis] = x.rank - 1;
    order[x.rank - 1] = axis;
    return transpose(softmax(transpose(x, order)), order);
  }

  private axisOf(rank: number): number {
    const { axis } = this.config;
    const index = axis < 0 ? axis + rank : axis;
    if (index >= 1 && index < rank) return index;
    throw new FoveaError(
      'SHAPE',
      `${this.name}: axis ${axis} is not among the ${rank - 1} dimensions of samples`,
    );
  }
}
