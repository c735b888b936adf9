import { FoveaError } from '../errors.js';
import { zeros } from '../ops/index.js';
import { formatShape, sameShape, type Shape } from '../shape.js';
import { keep, scope } from '../scope.js';
import { requireGrad, tensorOfParts, type Tensor } from '../tensor.js';
import { without } from './config.js';
import type { Constraint } from './constraints.js';
import type { Fusion } from './fuse.js';
import { LayerCall, type SymbolicTensor } from './graph.js';
import type { Initializer } from './initializers.js';
import { regularizerOf, type Regularizer, type RegularizerLike } from './regularizers.js';

/** A tensor of a layer that is trained or that follows training. Optimizers change it in place. */
export interface Weight {
  /** Layer and role, as 'conv2d/kernel'. */
  readonly name: string;
  readonly value: Tensor;
  /** Whether optimizers update it: false for moving averages and in frozen layers. */
  readonly trainable: boolean;
  /** Adds to the loss while the weight is trained. */
  readonly regularizer?: Regularizer | undefined;
  /** Applied after each update. */
  readonly constraint?: Constraint | undefined;
}

/** How a layer is run. */
export interface CallOptions {
  /** Whether this is a training step: dropout drops, batch normalization uses the batch. */
  readonly training?: boolean;
  /**
   * Gives the seed of the random numbers that the layer draws in this step. A step is recorded once and
   * then replayed: pass the function on to `dropout`, or call it inside of `tensor(() => ...)`.
   * Default: always 0.
   */
  readonly seed?: () => number;
  /** Leaves out the activation named by `activationName`, for losses that take logits. */
  readonly logits?: boolean;
  /** Takes what layers add to the loss; absent outside of training and evaluation. */
  readonly addLoss?: (loss: Tensor) => void;
}

/** The arguments a layer was made with, as plain values that JSON can hold. */
export type LayerConfig = Readonly<Record<string, unknown>>;

/** Options that every layer takes. */
export interface LayerOptions {
  /** Unique in a model. Default: the type in snake case, numbered: conv2d, conv2d_1. */
  readonly name?: string | undefined;
  /** Whether training changes the layer. Default true. */
  readonly trainable?: boolean | undefined;
  /** Of the layer's result, divided by the batch size: added to the loss. Default: none. */
  readonly activityRegularizer?: RegularizerLike | null | undefined;
}

/** How one weight is made and kept. */
export interface WeightOptions {
  readonly initializer: Initializer;
  readonly regularizer?: Regularizer | undefined;
  readonly constraint?: Constraint | undefined;
  /** False for moving averages. Default true. */
  readonly trainable?: boolean;
}

/**
 * Gives one seed per weight, in the order in which weights are made. Undefined leaves new weights
 * zero: for weights that are loaded.
 */
export type SeedSource = (() => number) | undefined;

interface OwnWeight extends Weight {
  readonly role: string;
}

/**
 * One step of a network: weights and a function. Shapes are those of one sample, without the batch
 * dimension. A layer knows nothing of the model around it.
 *
 * A layer of one's own extends this class with `className`, `computeOutputShape`, `call`, and, where it
 * has them, `createWeights` and `getConfig`. Only layers with several inputs or outputs override
 * `computeOutputShapes` and `callAll`.
 */
export abstract class Layer {
  /** Keras's name of the class: 'Conv2D'. */
  abstract readonly className: string;
  /** The options of the layer's own, with their defaults: what `getConfig()` returns. */
  protected readonly config: object = {};
  private givenName: string | undefined;
  private isTrainable: boolean;
  private own: OwnWeight[] = [];
  private built = false;
  private readonly uses: LayerCall[] = [];
  /** What the results add to the loss. */
  readonly activityRegularizer: Regularizer | undefined;

  constructor(options: LayerOptions = {}) {
    this.givenName = options.name;
    this.isTrainable = options.trainable ?? true;
    const { activityRegularizer: activity } = options;
    this.activityRegularizer = activity ? regularizerOf(activity) : undefined;
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
    return this.built;
  }

  /** The activation that ends the layer, where it has one. */
  get activationName(): string {
    return 'linear';
  }

  /** The weights in Keras's order. */
  get weights(): readonly Weight[] {
    return this.own.map((weight) => ({
      ...weight,
      name: `${this.name}/${weight.role}`,
      trainable: weight.trainable && this.isTrainable,
    }));
  }

  /**
   * Makes the weights. A layer that has them only checks that they fit the shapes.
   *
   * @param inputShapes of one sample, one shape for each input
   * @throws FoveaError SHAPE when the layer cannot work on such samples, or has weights for others
   */
  build(inputShapes: readonly Shape[], nextSeed: SeedSource): void {
    this.computeOutputShapes(inputShapes);
    this.createWeights?.(inputShapes[0]!, nextSeed);
    this.built = true;
  }

  /** Shape of one result. Throws SHAPE when the layer cannot work on samples of `inputShape`. */
  abstract computeOutputShape(inputShape: Shape): Shape;

  /** Runs the layer on a batch: `x` has the batch dimension first. */
  abstract call(x: Tensor, options?: CallOptions): Tensor;

  /** Shapes of the results, for layers with several inputs or outputs. */
  computeOutputShapes(inputShapes: readonly Shape[]): readonly Shape[] {
    return [this.computeOutputShape(only(this.name, inputShapes))];
  }

  /** Runs the layer on a batch of each input. */
  callAll(inputs: readonly Tensor[], options?: CallOptions): readonly Tensor[] {
    return [this.call(only(this.name, inputs), options)];
  }

  /** How it can be run together with its neighbours in inference; undefined: only by itself. */
  get fusion(): Fusion | undefined {
    return undefined;
  }

  /** `callAll`, and what its results add to the loss. What models call. */
  run(inputs: readonly Tensor[], options: CallOptions): readonly Tensor[] {
    const outputs = this.callAll(inputs, options);
    const { activityRegularizer } = this;
    if (activityRegularizer && options.addLoss) {
      for (const y of outputs) options.addLoss(activityRegularizer.loss(y).div(y.shape[0]!));
    }
    return outputs;
  }

  /**
   * Puts the layer into a graph: its result for a tensor that is not computed yet (a list, for
   * layers with several inputs), to be passed on and at last to `model({ inputs, outputs })`.
   *
   * @throws FoveaError SHAPE when the layer cannot work on such inputs, or has several outputs
   */
  apply(inputs: SymbolicTensor | readonly SymbolicTensor[]): SymbolicTensor {
    return only(`${this.name}: apply`, this.applyAll(inputs), 'output');
  }

  /** `apply` for layers with several outputs. */
  applyAll(inputs: SymbolicTensor | readonly SymbolicTensor[]): readonly SymbolicTensor[] {
    const call = new LayerCall(this, inputs instanceof Array ? inputs : [inputs]);
    this.uses.push(call);
    return call.outputs;
  }

  /**
   * The result as a tensor that is not computed yet, of a layer that is used once in a network: to
   * build another network on it. Throws ARGUMENT when it is not used, or several times.
   */
  get output(): SymbolicTensor {
    if (this.uses.length === 1) return only(this.name, this.uses[0]!.outputs, 'output');
    throw new FoveaError(
      'ARGUMENT',
      `${this.name}: is used ${this.uses.length} times in networks, so it has no single output`,
    );
  }

  /** The arguments the layer was made with, under their names in the layer's factory. */
  getConfig(): LayerConfig {
    return {
      name: this.name,
      trainable: this.isTrainable,
      ...(this.activityRegularizer && {
        activityRegularizer: this.activityRegularizer.getConfig(),
      }),
      ...serialize(this.config),
    };
  }

  /** Frees the weights. */
  dispose(): void {
    for (const { value } of this.own) value.dispose();
  }

  /** Of layers with weights: calls `addWeight` for each, in Keras's order. */
  protected createWeights?(inputShape: Shape, nextSeed: SeedSource): void;

  /** Makes one weight; or checks that the one that is there has that shape. */
  protected addWeight(
    role: string,
    shape: Shape,
    options: WeightOptions,
    nextSeed: SeedSource,
  ): void {
    const { initializer, regularizer, constraint, trainable = true } = options;
    const before = this.own.find((weight) => weight.role === role);
    if (before) {
      this.checkSameWeight(before, shape);
      return;
    }
    const value = keep(
      nextSeed
        ? tensorOfParts(initializer.parts(shape, nextSeed()), shape)
        : scope(() => zeros(shape)),
    );
    const weight = { role, name: role, value, trainable, regularizer, constraint };
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

  private checkSameWeight({ role, value }: OwnWeight, shape: Shape): void {
    if (sameShape(value.shape, shape)) return;
    throw new FoveaError(
      'SHAPE',
      `${this.name}: has a ${role} ${formatShape(value.shape)}, these inputs need ` +
        formatShape(shape),
      { hint: 'A layer can be used several times only where its weights have the same shape.' },
    );
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

/** The options of a layer that are not those of every layer. */
export function ownOptions<O extends LayerOptions>(options: O): Omit<O, keyof LayerOptions> {
  return without(options, 'name', 'trainable', 'activityRegularizer');
}

/** Options as plain values: objects become what describes them. */
function serialize(config: object): LayerConfig {
  const entries = Object.entries(config).map(([key, value]: [string, unknown]) => [
    key,
    isConfigurable(value) ? value.getConfig() : value,
  ]);
  return Object.fromEntries(entries) as LayerConfig;
}

function isConfigurable(value: unknown): value is { getConfig(): unknown } {
  return typeof value === 'object' && value !== null && 'getConfig' in value;
}

/** The only entry. Throws SHAPE when there are none or several. */
export function only<T>(where: string, entries: readonly T[], what = 'input'): T {
  if (entries.length === 1) return entries[0]!;
  throw new FoveaError('SHAPE', `${where}: there must be one ${what}, got ${entries.length}`);
}

/** Keras's rule for names: Conv2D -> conv2d, MaxPooling2D -> max_pooling2d. */
export function snakeCase(className: string): string {
  return className
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
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
