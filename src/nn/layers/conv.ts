import { FoveaError } from '../../errors.js';
import { conv2d, depthwiseConv2d } from '../../ops/index.js';
import { pairOf, windowAxes, type Pair, type Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { checkActivation, withActivation, type ActivationName } from '../activations.js';
import { initializer, type InitializerName } from '../initializers.js';
import {
  checkInteger,
  checkOneOf,
  checkSampleRank,
  Layer,
  type CallOptions,
  type LayerConfig,
  type LayerOptions,
  type SeedSource,
} from '../layer.js';

/** Options that all convolutions share. */
export interface ConvOptions extends LayerOptions {
  /** Size of the window: one number, or [height, width]. */
  readonly kernelSize: Pair;
  /** Default 1. */
  readonly strides?: Pair;
  /** 'valid' (the default): no padding; 'same': the result is ceil(size / stride) large. */
  readonly padding?: 'same' | 'valid';
  /** Distance of the cells of the window. Default 1. */
  readonly dilationRate?: Pair;
  /** Default 'linear'. */
  readonly activation?: ActivationName;
  /** Default true. */
  readonly useBias?: boolean;
  /** Default 'zeros'. */
  readonly biasInitializer?: InitializerName;
}

/** What all convolutions have in common: a window, a bias and an activation. */
abstract class Convolution extends Layer {
  protected readonly window;

  constructor(options: ConvOptions) {
    super(options);
    const { name } = this;
    this.window = {
      kernelSize: pairOf(name, 'kernelSize', options.kernelSize),
      strides: pairOf(name, 'strides', options.strides ?? 1),
      padding: checkOneOf(name, 'padding', options.padding ?? 'valid', ['same', 'valid'] as const),
      dilationRate: pairOf(name, 'dilationRate', options.dilationRate ?? 1),
      activation: checkActivation(name, options.activation ?? 'linear'),
      useBias: options.useBias ?? true,
      biasInitializer: initializer(options.biasInitializer ?? 'zeros').name,
    };
  }

  override get activationName(): string {
    return this.window.activation;
  }

  /** Channels of the result. */
  protected abstract channels(inputChannels: number): number;

  override outputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, 'height, width, channels');
    const [height, width, channels] = inputShape as [number, number, number];
    const { kernelSize, strides, padding, dilationRate: dilation } = this.window;
    const attributes = { strides, padding, dilation };
    const [rows, columns] = windowAxes(this.name, [height, width], kernelSize, attributes);
    return [rows.out, columns.out, this.channels(channels)];
  }

  protected addBias(inputShape: Shape, nextSeed: SeedSource): void {
    const { useBias, biasInitializer } = this.window;
    const shape = [this.channels(inputShape[2]!)];
    if (useBias) this.addWeight('bias', shape, initializer(biasInitializer), nextSeed);
  }

  protected get bias(): { readonly bias?: Tensor } {
    return this.window.useBias ? { bias: this.weight('bias') } : {};
  }

  /** The window as operations take it. */
  protected get attributes(): { strides: Pair; padding: 'same' | 'valid'; dilation: Pair } {
    const { strides, padding, dilationRate: dilation } = this.window;
    return { strides, padding, dilation };
  }
}

/** Options of `layers.conv2d`. */
export interface Conv2dOptions extends ConvOptions {
  /** Number of filters: channels of the result. */
  readonly filters: number;
  /** Channels are cut into so many groups that are convolved separately. Default 1. */
  readonly groups?: number;
  /** Default 'glorotUniform'. */
  readonly kernelInitializer?: InitializerName;
}

/** Convolution of [height, width, channels] with filters [h, w, channels / groups, filters]. */
export class Conv2D extends Convolution {
  override get className(): string {
    return 'Conv2D';
  }
  private readonly config;

  constructor(options: Conv2dOptions) {
    super(options);
    this.config = {
      filters: checkInteger(this.name, 'filters', options.filters),
      groups: checkInteger(this.name, 'groups', options.groups ?? 1),
      kernelInitializer: initializer(options.kernelInitializer ?? 'glorotUniform').name,
    };
    if (this.config.filters % this.config.groups !== 0) {
      throw new FoveaError(
        'ARGUMENT',
        `${this.name}: ${this.config.filters} filters cannot be cut into ${this.config.groups} groups`,
      );
    }
  }

  protected override channels(inputChannels: number): number {
    if (inputChannels % this.config.groups === 0) return this.config.filters;
    throw new FoveaError(
      'SHAPE',
      `${this.name}: ${inputChannels} channels cannot be cut into ${this.config.groups} groups`,
    );
  }

  protected override createWeights(inputShape: Shape, nextSeed: SeedSource): void {
    const { filters, groups, kernelInitializer } = this.config;
    const shape = [...this.window.kernelSize, inputShape[2]! / groups, filters];
    this.addWeight('kernel', shape, initializer(kernelInitializer), nextSeed);
    this.addBias(inputShape, nextSeed);
  }

  override call(x: Tensor, { logits }: CallOptions = {}): Tensor {
    const options = { ...this.attributes, ...this.bias, groups: this.config.groups };
    return withActivation(this.window.activation, logits, (fused) =>
      conv2d(x, this.weight('kernel'), { ...options, ...fused }),
    );
  }

  override getConfig(): LayerConfig {
    return { ...super.getConfig(), ...this.window, ...this.config };
  }
}

/** Options of `layers.depthwiseConv2d`. */
export interface DepthwiseConv2dOptions extends ConvOptions {
  /** Results per input channel. Default 1. */
  readonly depthMultiplier?: number;
  /** Default 'glorotUniform'. */
  readonly depthwiseInitializer?: InitializerName;
}

/** Convolution of each channel by itself, with filters [h, w, channels, depthMultiplier]. */
export class DepthwiseConv2D extends Convolution {
  override get className(): string {
    return 'DepthwiseConv2D';
  }
  private readonly config;

  constructor(options: DepthwiseConv2dOptions) {
    super(options);
    this.config = {
      depthMultiplier: checkInteger(this.name, 'depthMultiplier', options.depthMultiplier ?? 1),
      depthwiseInitializer: initializer(options.depthwiseInitializer ?? 'glorotUniform').name,
    };
  }

  protected override channels(inputChannels: number): number {
    return inputChannels * this.config.depthMultiplier;
  }

  protected override createWeights(inputShape: Shape, nextSeed: SeedSource): void {
    const { depthMultiplier, depthwiseInitializer } = this.config;
    const shape = [...this.window.kernelSize, inputShape[2]!, depthMultiplier];
    this.addWeight('kernel', shape, initializer(depthwiseInitializer), nextSeed);
    this.addBias(inputShape, nextSeed);
  }

  override call(x: Tensor, { logits }: CallOptions = {}): Tensor {
    const options = { ...this.attributes, ...this.bias };
    return withActivation(this.window.activation, logits, (fused) =>
      depthwiseConv2d(x, this.weight('kernel'), { ...options, ...fused }),
    );
  }

  override getConfig(): LayerConfig {
    return { ...super.getConfig(), ...this.window, ...this.config };
  }
}

/** Options of `layers.separableConv2d`. */
export interface SeparableConv2dOptions extends DepthwiseConv2dOptions {
  /** Number of pointwise filters: channels of the result. */
  readonly filters: number;
  /** Default 'glorotUniform'. */
  readonly pointwiseInitializer?: InitializerName;
}

/** A depthwise convolution, then a 1x1 convolution; one bias and activation, at the end. */
export class SeparableConv2D extends Convolution {
  override get className(): string {
    return 'SeparableConv2D';
  }
  private readonly config;

  constructor(options: SeparableConv2dOptions) {
    super(options);
    this.config = {
      filters: checkInteger(this.name, 'filters', options.filters),
      depthMultiplier: checkInteger(this.name, 'depthMultiplier', options.depthMultiplier ?? 1),
      depthwiseInitializer: initializer(options.depthwiseInitializer ?? 'glorotUniform').name,
      pointwiseInitializer: initializer(options.pointwiseInitializer ?? 'glorotUniform').name,
    };
  }

  protected override channels(): number {
    return this.config.filters;
  }

  protected override createWeights(inputShape: Shape, nextSeed: SeedSource): void {
    const { filters, depthMultiplier, depthwiseInitializer, pointwiseInitializer } = this.config;
    const channels = inputShape[2]!;
    const depthwise = [...this.window.kernelSize, channels, depthMultiplier];
    const pointwise = [1, 1, channels * depthMultiplier, filters];
    this.addWeight('depthwise_kernel', depthwise, initializer(depthwiseInitializer), nextSeed);
    this.addWeight('pointwise_kernel', pointwise, initializer(pointwiseInitializer), nextSeed);
    this.addBias(inputShape, nextSeed);
  }

  override call(x: Tensor, { logits }: CallOptions = {}): Tensor {
    const depthwise = depthwiseConv2d(x, this.weight('depthwise_kernel'), this.attributes);
    return withActivation(this.window.activation, logits, (fused) =>
      conv2d(depthwise, this.weight('pointwise_kernel'), { ...this.bias, ...fused }),
    );
  }

  override getConfig(): LayerConfig {
    return { ...super.getConfig(), ...this.window, ...this.config };
  }
}
