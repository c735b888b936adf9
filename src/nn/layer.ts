import { FoveaError } from '../errors.js';
import { zeros } from '../ops/index.js';
import { formatShape, sameShape, type Shape } from '../shape.js';
import { keep, scope } from '../scope.js';
import { requireGrad, tensor, type Tensor } from '../tensor.js';
import type { Initializer } from './initializers.js';

/** A tensor of a layer that is trained or that follows training. Optimizers change it in place. */
export interface Weight {
  /** Layer and role, as 'conv2d/kernel'. */
  readonly name: string;
  readonly value: Tensor;
  /** Whether optimizers update it: false for moving averages and in frozen layers. */
  readonly trainable: boolean;
}

/** How a layer is run. */
export interface CallOptions {
  /** Whether this is a training step: dropout drops, batch normalization uses the batch. */
  readonly training?: boolean;
  /** Of the random numbers that the layer draws in this call. Default 0. */
  readonly seed?: number;
  /** Leaves out the activation named by `activationName`, for losses that take logits. */
  readonly logits?: boolean;
}

/** The arguments a layer was made with, as plain values that JSON can hold. */
export type LayerConfig = Readonly<Record<string, unknown>>;

/** Options that every layer takes. */
export interface LayerOptions {
  /** Unique in a model. Default: the type in snake case, numbered: conv2d, conv2d_1. */
  readonly name?: string | undefined;
  /** Whether training changes the layer. Default true. */
  readonly trainable?: boolean | undefined;
}

/**
 * Gives one seed per weight, in the order in which weights are made. Undefined leaves new weights
 * zero: for weights that are loaded.
 */
export type SeedSource = (() => number) | undefined;

interface OwnWeight {
  readonly role: string;
  readonly value: Tensor;
  readonly trainable: boolean;
}

/**
 * One step of a network: weights and a function. Shapes are those of one sample, without the batch
 * dimension. A layer knows nothing of the model around it.
 */
export abstract class Layer {
  /** Keras's name of the class: 'Conv2D'. */
  abstract readonly className: string;
  private givenName: string | undefined;
  private isTrainable: boolean;
  private own: OwnWeight[] = [];
  private builtFor: Shape | undefined;

  constructor(options: LayerOptions = {}) {
    this.givenName = options.name;
    this.isTrainable = options.trainable ?? true;
  }

  /** The name; until a model has given one, the type in snake case. */
  get name(): string {
    return this.givenName ?? snakeCase(this.className);
  }

  /** Names the layer; models do so for layers without a name. A name cannot be changed later. */
  set name(name: string) {
    this.givenName ??= name;
  }

  /** Whether the layer was given a name. */
  get isNamed(): boolean {
    return this.givenName !== undefined;
  }

  /** Whether training changes the layer. Batch normalization that is not runs as in inference. */
  get trainable(): boolean {
    return this.isTrainable;
  }

  set trainable(trainable: boolean) {
    this.isTrainable = trainable;
    for (const weight of this.own) this.markGradient(weight);
  }

  /** Whether `build` was called. */
  get isBuilt(): boolean {
    return this.builtFor !== undefined;
  }

  /** The activation that ends the layer, where it has one. */
  get activationName(): string {
    return 'linear';
  }

  /** The weights in Keras's order. */
  get weights(): readonly Weight[] {
    return this.own.map(({ role, value, trainable }) => ({
      name: `${this.name}/${role}`,
      value,
      trainable: trainable && this.isTrainable,
    }));
  }

  /**
   * Makes the weights. Calling it again with the same shape does nothing.
   *
   * @param inputShape of one sample
   * @throws FoveaError SHAPE when the layer cannot work on such samples, or was built for others
   */
  build(inputShape: Shape, nextSeed: SeedSource): void {
    if (this.builtFor) {
      if (sameShape(this.builtFor, inputShape)) return;
      throw new FoveaError(
        'SHAPE',
        `${this.name}: was built for samples of shape ${formatShape(this.builtFor)}, ` +
          `got ${formatShape(inputShape)}`,
        { hint: 'A layer can be shared by models only if its input has the same shape in both.' },
      );
    }
    this.outputShape(inputShape);
    this.createWeights?.(inputShape, nextSeed);
    this.builtFor = inputShape;
  }

  /** Shape of one result. Throws SHAPE when the layer cannot work on samples of `inputShape`. */
  abstract outputShape(inputShape: Shape): Shape;

  /** Runs the layer on a batch: `x` has the batch dimension first. */
  abstract call(x: Tensor, options?: CallOptions): Tensor;

  /** The arguments the layer was made with, under their names in the layer's factory. */
  getConfig(): LayerConfig {
    return { name: this.name, trainable: this.isTrainable };
  }

  /** Frees the weights. */
  dispose(): void {
    for (const { value } of this.own) value.dispose();
  }

  /** Of layers with weights: calls `addWeight` for each, in Keras's order. */
  protected createWeights?(inputShape: Shape, nextSeed: SeedSource): void;

  /** Makes one weight. `trainable` is false for moving averages. */
  protected addWeight(
    role: string,
    shape: Shape,
    initializer: Initializer,
    nextSeed: SeedSource,
    trainable = true,
  ): void {
    const value = keep(
      nextSeed ? tensor(initializer.values(shape, nextSeed()), shape) : scope(() => zeros(shape)),
    );
    const weight = { role, value, trainable };
    this.markGradient(weight);
    this.own.push(weight);
  }

  /** The weight of that role. Throws before `build`. */
  protected weight(role: string): Tensor {
    const found = this.own.find((weight) => weight.role === role);
    if (found) return found.value;
    throw new FoveaError('ARGUMENT', `${this.name}: the layer is not built, it has no ${role}`, {
      hint: 'Put it into a model with an input shape, or call build(inputShape, seeds).',
    });
  }

  private markGradient({ value, trainable }: OwnWeight): void {
    if (trainable && this.isTrainable) {
      requireGrad(value);
      return;
    }
    value.node?.release();
    value.node = undefined;
    value.grad?.dispose();
    value.grad = undefined;
  }
}

/** Keras's rule for names: Conv2D -> conv2d, MaxPooling2D -> max_pooling2d. */
export function snakeCase(className: string): string {
  return className
    .replace(/(.)([A-Z][a-z0-9]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/** Throws unless samples have the rank that a layer works on; `axes` names them, as 'h, w, c'. */
export function checkSampleRank(layer: string, shape: Shape, axes: string): void {
  if (shape.length === axes.split(',').length) return;
  throw new FoveaError(
    'SHAPE',
    `${layer}: needs samples of shape (${axes}), got ${formatShape(shape)}`,
    {
      hint:
        axes === 'features'
          ? 'Put layers.flatten() or layers.globalAveragePooling2d() before it.'
          : 'Pictures are [height, width, channels]; a grey one has one channel.',
    },
  );
}

/** Throws unless `value` is one of the allowed words. */
export function checkOneOf<T extends string>(
  layer: string,
  option: string,
  value: string,
  allowed: readonly T[],
): T {
  const found = allowed.find((word) => word === value);
  if (found !== undefined) return found;
  throw new FoveaError(
    'ARGUMENT',
    `${layer}: ${option} '${value}' is unknown; allowed are ${allowed.map((word) => `'${word}'`).join(', ')}`,
  );
}

/** Throws unless `value` is an integer of at least `least`. */
export function checkInteger(layer: string, option: string, value: number, least = 1): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new FoveaError(
    'ARGUMENT',
    `${layer}: ${option} must be an integer of at least ${least}, got ${String(value)}`,
  );
}
