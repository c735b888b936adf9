import { FoveaError } from '../../errors.js';
import { dense as denseOp, dropout as dropoutOp, reshape } from '../../ops/index.js';
import { formatShape, sizeOf, type Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { activate, checkActivation, withActivation, type ActivationName } from '../activations.js';
import { initializer, type InitializerName } from '../initializers.js';
import {
  checkInteger,
  Layer,
  type CallOptions,
  type LayerConfig,
  type LayerOptions,
  type SeedSource,
} from '../layer.js';

/** Options of `layers.input`. */
export interface InputOptions {
  /** Of one sample: [height, width, channels] for pictures. */
  readonly shape: Shape;
  readonly name?: string;
}

/** Says which samples a model takes; passes them on. */
export class InputLayer extends Layer {
  override get className(): string {
    return 'InputLayer';
  }
  readonly shape: Shape;

  constructor({ shape, ...options }: InputOptions) {
    super(options);
    for (const n of shape) checkInteger('input', 'every size of shape', n);
    this.shape = [...shape];
  }

  override outputShape(): Shape {
    return this.shape;
  }

  override call(x: Tensor): Tensor {
    return x;
  }

  override getConfig(): LayerConfig {
    return { name: this.name, shape: this.shape };
  }
}

/** Options of `layers.dense`. */
export interface DenseOptions extends LayerOptions {
  readonly units: number;
  /** Default 'linear'. */
  readonly activation?: ActivationName;
  /** Default true. */
  readonly useBias?: boolean;
  /** Default 'glorotUniform'. */
  readonly kernelInitializer?: InitializerName;
  /** Default 'zeros'. */
  readonly biasInitializer?: InitializerName;
}

/** y = activation(x w + b), over the last dimension. */
export class Dense extends Layer {
  override get className(): string {
    return 'Dense';
  }
  private readonly config;

  constructor(options: DenseOptions) {
    super(options);
    this.config = {
      units: checkInteger(this.name, 'units', options.units),
      activation: checkActivation(this.name, options.activation ?? 'linear'),
      useBias: options.useBias ?? true,
      kernelInitializer: initializer(options.kernelInitializer ?? 'glorotUniform').name,
      biasInitializer: initializer(options.biasInitializer ?? 'zeros').name,
    };
  }

  override get activationName(): string {
    return this.config.activation;
  }

  override outputShape(inputShape: Shape): Shape {
    if (inputShape.length === 0) {
      throw new FoveaError('SHAPE', `${this.name}: needs samples with at least one dimension`);
    }
    return [...inputShape.slice(0, -1), this.config.units];
  }

  protected override createWeights(inputShape: Shape, nextSeed: SeedSource): void {
    const { units, useBias, kernelInitializer, biasInitializer } = this.config;
    const shape = [inputShape.at(-1)!, units];
    this.addWeight('kernel', shape, initializer(kernelInitializer), nextSeed);
    if (useBias) this.addWeight('bias', [units], initializer(biasInitializer), nextSeed);
  }

  override call(x: Tensor, { logits }: CallOptions = {}): Tensor {
    const { activation, useBias, units } = this.config;
    const bias = useBias ? { bias: this.weight('bias') } : {};
    const rows = x.rank === 2 ? x : reshape(x, [-1, x.shape.at(-1)!]);
    const y = withActivation(activation, logits, (fused) =>
      denseOp(rows, this.weight('kernel'), { ...bias, ...fused }),
    );
    return x.rank === 2 ? y : reshape(y, [...x.shape.slice(0, -1), units]);
  }

  override getConfig(): LayerConfig {
    return { ...super.getConfig(), ...this.config };
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
  private readonly activation: ActivationName;

  constructor(options: ActivationOptions) {
    super(options);
    this.activation = checkActivation(this.name, options.activation);
  }

  override get activationName(): string {
    return this.activation;
  }

  override outputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(x: Tensor, { logits }: CallOptions = {}): Tensor {
    return logits ? x : activate(this.activation, x);
  }

  override getConfig(): LayerConfig {
    return { ...super.getConfig(), activation: this.activation };
  }
}

/** Options of `layers.dropout`. */
export interface DropoutOptions extends LayerOptions {
  /** Share of the values that become 0 in training; the others are scaled by 1 / (1 - rate). */
  readonly rate: number;
}

/** Zeroes values at random in training; does nothing otherwise. */
export class Dropout extends Layer {
  override get className(): string {
    return 'Dropout';
  }
  private readonly rate: number;

  constructor(options: DropoutOptions) {
    super(options);
    if (!(options.rate >= 0 && options.rate < 1)) {
      throw new FoveaError(
        'ARGUMENT',
        `${this.name}: rate must be at least 0 and less than 1, got ${String(options.rate)}`,
      );
    }
    this.rate = options.rate;
  }

  override outputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(x: Tensor, { training, seed = 0 }: CallOptions = {}): Tensor {
    return training && this.rate > 0 ? dropoutOp(x, { rate: this.rate, seed }) : x;
  }

  override getConfig(): LayerConfig {
    return { ...super.getConfig(), rate: this.rate };
  }
}

/** Makes each sample one row of numbers, row-major. */
export class Flatten extends Layer {
  override get className(): string {
    return 'Flatten';
  }

  override outputShape(inputShape: Shape): Shape {
    return [sizeOf(inputShape)];
  }

  override call(x: Tensor): Tensor {
    if (x.rank === 0) {
      throw new FoveaError('SHAPE', `${this.name}: needs a batch, got ${formatShape(x.shape)}`);
    }
    return reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]);
  }
}
