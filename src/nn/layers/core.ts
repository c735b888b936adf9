import { FoveaError } from '../../errors.js';
import { broadcastTo, cast, dense as denseOp, reshape, transpose } from '../../ops/index.js';
import { formatShape, sizeOf, type Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import {
  activate,
  checkActivation,
  isFused,
  withActivation,
  type ActivationName,
} from '../activations.js';
import { withDefaults } from '../config.js';
import type { Fusion } from '../fuse.js';
import {
  checkInteger,
  checkSampleRank,
  Layer,
  ownOptions,
  type CallOptions,
  type LayerConfig,
  type LayerOptions,
  type SeedSource,
} from '../layer.js';
import {
  BIAS,
  KERNEL,
  resolveWeights,
  weightOptions,
  type BiasOptions,
  type KernelOptions,
  type Own,
} from './parameters.js';

/** Options of `layers.input`. */
export interface InputOptions {
  /** Of one sample: [height, width, channels] for pictures. */
  readonly shape: Shape;
  readonly name?: string | undefined;
  /**
   * Whether the model, as a layer of another one, takes samples of other sizes too; the last
   * dimension is always that of `shape`. Default false.
   */
  readonly anySize?: boolean;
}

/** Says which samples a model takes; passes them on. */
export class InputLayer extends Layer {
  override get className(): string {
    return 'InputLayer';
  }
  readonly shape: Shape;
  readonly anySize: boolean;

  constructor({ shape, anySize = false, ...options }: InputOptions) {
    super(options);
    this.anySize = anySize;
    for (const n of shape) checkInteger('input', 'every size of shape', n);
    this.shape = [...shape];
  }

  override computeOutputShape(): Shape {
    return this.shape;
  }

  override computeOutputShapes(): readonly Shape[] {
    return [this.shape];
  }

  /** Whether samples of another shape are taken too. */
  takes(shape: Shape): boolean {
    const { length } = this.shape;
    return this.anySize && shape.length === length && shape.at(-1) === this.shape.at(-1);
  }

  override call(x: Tensor): Tensor {
    return x;
  }

  override getConfig(): LayerConfig {
    return { name: this.name, shape: this.shape, ...(this.anySize && { anySize: true }) };
  }
}

/** Options of `layers.dense`. */
export interface DenseOptions extends LayerOptions, KernelOptions, BiasOptions {
  readonly units: number;
  /** Default 'linear'. */
  readonly activation?: ActivationName | undefined;
}

/** y = activation(x w + b), over the last dimension. */
export class Dense extends Layer {
  override get className(): string {
    return 'Dense';
  }
  protected override readonly config;

  constructor(options: DenseOptions) {
    super(options);
    const defaults = { units: undefined, activation: 'linear', ...KERNEL, ...BIAS } as const;
    const config = withDefaults<Own<DenseOptions>>(this.className, ownOptions(options), defaults);
    this.config = resolveWeights({
      ...config,
      units: checkInteger(this.name, 'units', config.units),
      activation: checkActivation(this.name, config.activation),
    });
  }

  override get activationName(): string {
    return this.config.activation;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    if (inputShape.length === 0) {
      throw new FoveaError('SHAPE', `${this.name}: needs samples with at least one dimension`);
    }
    return [...inputShape.slice(0, -1), this.config.units];
  }

  protected override createWeights(inputShape: Shape, nextSeed: SeedSource): void {
    const { units, useBias } = this.config;
    const kernel = [inputShape.at(-1)!, units];
    this.addWeight('kernel', kernel, weightOptions(this.config, 'kernel'), nextSeed);
    if (useBias) this.addWeight('bias', [units], weightOptions(this.config, 'bias'), nextSeed);
  }

  override call(x: Tensor, { logits }: CallOptions = {}): Tensor {
    const { activation, useBias, units } = this.config;
    const bias = useBias ? { bias: this.weight('bias') } : {};
    // Vectors are small, and what they lead to are often the results of a model: these stay float32.
    const isVector = x.rank === 2;
    const given = isVector && x.dtype === 'float16' ? cast(x, 'float32') : x;
    const rows = isVector ? given : reshape(given, [-1, x.shape.at(-1)!]);
    const y = withActivation(activation, logits, (fused) =>
      denseOp(rows, this.weight('kernel'), { ...bias, ...fused }),
    );
    return isVector ? y : reshape(y, [...x.shape.slice(0, -1), units]);
  }
}

/** Options of `layers.activation`. */
export interface ActivationOptions extends LayerOptions {
  readonly activation: ActivationName;
}

/** Applies an activation. */
export class Activation extends Layer {
  override get className(): string {
    return 'Activation';
  }
  protected override readonly config;

  constructor(options: ActivationOptions) {
    super(options);
    const { activation } = withDefaults<Own<ActivationOptions>>(
      this.className,
      ownOptions(options),
      { activation: undefined },
    );
    this.config = { activation: checkActivation(this.name, activation) };
  }

  override get activationName(): string {
    return this.config.activation;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override get fusion(): Fusion | undefined {
    const { activation } = this.config;
    if (this.constructor !== Activation || !isFused(activation)) return undefined;
    return { kind: 'activation', activation };
  }

  override call(x: Tensor, { logits }: CallOptions = {}): Tensor {
    return logits ? x : activate(this.config.activation, x);
  }
}

/** Makes each sample one row of numbers, row-major. */
export class Flatten extends Layer {
  override get className(): string {
    return 'Flatten';
  }

  constructor(options: LayerOptions = {}) {
    super(options);
    withDefaults(this.className, ownOptions(options), {});
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return [sizeOf(inputShape)];
  }

  override call(x: Tensor): Tensor {
    return reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]);
  }
}

/** Options of `layers.reshape`. */
export interface ReshapeOptions extends LayerOptions {
  /** Of one sample; one size may be -1: it is inferred. */
  readonly targetShape: Shape;
}

/** The same numbers of each sample under another shape. */
export class Reshape extends Layer {
  override get className(): string {
    return 'Reshape';
  }
  protected override readonly config: { readonly targetShape: Shape };

  constructor(options: ReshapeOptions) {
    super(options);
    const defaults = { targetShape: undefined };
    this.config = withDefaults(this.className, ownOptions(options), defaults);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { targetShape } = this.config;
    const known = sizeOf(targetShape.filter((n) => n !== -1));
    const size = sizeOf(inputShape);
    const shape = targetShape.map((n) => (n === -1 ? size / known : n));
    if (sizeOf(shape) === size && shape.every((n) => Number.isInteger(n) && n >= 0)) return shape;
    throw new FoveaError(
      'SHAPE',
      `${this.name}: samples of shape ${formatShape(inputShape)} cannot become ` +
        formatShape(targetShape),
    );
  }

  override call(x: Tensor): Tensor {
    return reshape(x, [x.shape[0]!, ...this.computeOutputShape(x.shape.slice(1))]);
  }
}

/** Options of `layers.permute`. */
export interface PermuteOptions extends LayerOptions {
  /** The dimensions of a sample, counted from 1, in their new order. */
  readonly dims: readonly number[];
}

/** Reorders the dimensions of each sample. */
export class Permute extends Layer {
  override get className(): string {
    return 'Permute';
  }
  protected override readonly config: { readonly dims: readonly number[] };

  constructor(options: PermuteOptions) {
    super(options);
    this.config = withDefaults(this.className, ownOptions(options), { dims: undefined });
    const { dims } = this.config;
    if ([...dims].sort((a, b) => a - b).some((dim, i) => dim !== i + 1)) {
      throw new FoveaError(
        'ARGUMENT',
        `${this.name}: dims must be the numbers 1 to ${dims.length} in some order, got ` +
          formatShape(dims),
      );
    }
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { dims } = this.config;
    if (dims.length === inputShape.length) return dims.map((dim) => inputShape[dim - 1]!);
    throw new FoveaError(
      'SHAPE',
      `${this.name}: dims ${formatShape(dims)} do not fit samples of shape ` +
        formatShape(inputShape),
    );
  }

  override call(x: Tensor): Tensor {
    return transpose(x, [0, ...this.config.dims]);
  }
}

/** Options of `layers.repeatVector`. */
export interface RepeatVectorOptions extends LayerOptions {
  /** How often. */
  readonly n: number;
}

/** Repeats the features of each sample: [features] -> [n, features]. */
export class RepeatVector extends Layer {
  override get className(): string {
    return 'RepeatVector';
  }
  protected override readonly config: { readonly n: number };

  constructor(options: RepeatVectorOptions) {
    super(options);
    this.config = withDefaults(this.className, ownOptions(options), { n: undefined });
    checkInteger(this.name, 'n', this.config.n);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, 'features');
    return [this.config.n, inputShape[0]!];
  }

  override call(x: Tensor): Tensor {
    const [batch, features] = x.shape as [number, number];
    return broadcastTo(reshape(x, [batch, 1, features]), [batch, this.config.n, features]);
  }
}
