import { FoveaError } from '../../errors.js';
import {
  cast,
  conv2d,
  conv2dTranspose,
  depthwiseConv2d,
  type ConvOptions as OperationOptions,
  type ConvTransposeOptions,
} from '../../ops/index.js';
import { conv2dThen } from '../../ops/conv2d.js';
import { batchNormConv2d, conv2dHead } from '../../ops/norm_conv.js';
import { transposedSize } from '../../ops/conv2d_transpose.js';
import { storesHalves } from '../../precision.js';
import { pairOf, windowAxes, type Pair, type Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { checkActivation, withActivation, type ActivationName } from '../activations.js';
import { withDefaults, type Defaults, type Given } from '../config.js';
import type { ConstraintLike } from '../constraints.js';
import type { Fusion, Sides } from '../fuse.js';
import type { InitializerLike } from '../initializers.js';
import {
  checkInteger,
  checkOneOf,
  checkSampleRank,
  Layer,
  ownOptions,
  type CallOptions,
  type LayerOptions,
  type SeedSource,
} from '../layer.js';
import type { RegularizerLike } from '../regularizers.js';
import {
  BIAS,
  KERNEL,
  resolveWeights,
  weightOptions,
  type BiasOptions,
  type KernelOptions,
  type Own,
} from './parameters.js';

/** Options that all convolutions share. */
export interface ConvOptions extends LayerOptions, BiasOptions {
  /** Size of the window: one number, or [height, width]. */
  readonly kernelSize: Pair;
  /** Default 1. */
  readonly strides?: Pair | undefined;
  /** 'valid' (the default): no padding; 'same': the result is ceil(size / stride) large. */
  readonly padding?: 'same' | 'valid' | undefined;
  /** Distance of the cells of the window. Default 1. */
  readonly dilationRate?: Pair | undefined;
  /** Default 'linear'. */
  readonly activation?: ActivationName | undefined;
}

const WINDOW = {
  kernelSize: undefined,
  strides: 1,
  padding: 'valid',
  dilationRate: 1,
  activation: 'linear',
} as const;

/** What a convolution takes: in mixed precision float16, which its result and what follows then are, too. */
function stored(x: Tensor): Tensor {
  return storesHalves(x.device) && x.dtype === 'float32' ? cast(x, 'float16') : x;
}

/** Which kind of convolution it is. */
type HeadOptions = { readonly groups?: number; readonly depthwise?: boolean };

/** What all convolutions have in common: a window, a bias and an activation. */
abstract class Convolution<O extends ConvOptions> extends Layer {
  protected override readonly config;

  constructor(options: O, defaults: Defaults<Own<O>>) {
    super(options);
    const { name } = this;
    const own = ownOptions(options) as Given<Own<O>>;
    const config = withDefaults<Own<O>>(name, own, defaults);
    this.config = resolveWeights({
      ...config,
      kernelSize: pairOf(name, 'kernelSize', config.kernelSize),
      strides: pairOf(name, 'strides', config.strides),
      padding: checkOneOf(name, 'padding', config.padding, ['same', 'valid'] as const),
      dilationRate: pairOf(name, 'dilationRate', config.dilationRate),
      activation: checkActivation(name, config.activation),
    });
  }

  override get activationName(): string {
    return this.config.activation;
  }

  /** Channels of the result. */
  protected abstract channels(inputChannels: number): number;

  override computeOutputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, 'height, width, channels');
    const [height, width, channels] = inputShape as [number, number, number];
    const { kernelSize } = this.config;
    const [rows, columns] = windowAxes(this.name, [height, width], kernelSize, this.attributes);
    return [rows.out, columns.out, this.channels(channels)];
  }

  /** Makes a weight as the options with that prefix say. */
  protected add(role: string, prefix: string, shape: Shape, nextSeed: SeedSource): void {
    this.addWeight(role, shape, weightOptions(this.config, prefix), nextSeed);
  }

  protected addBias(inputShape: Shape, nextSeed: SeedSource): void {
    if (this.config.useBias) this.add('bias', 'bias', [this.channels(inputShape[2]!)], nextSeed);
  }

  protected get bias(): { readonly bias?: Tensor } {
    return this.config.useBias ? { bias: this.weight('bias') } : {};
  }

  /** The part of a convolution in a fused run; a class made from it may compute something else. */
  protected headOf(Class: new (options: never) => Layer, kernel: HeadOptions): Fusion | undefined {
    const { activation, padding, kernelSize } = this.config;
    if (this.constructor !== Class || activation !== 'linear') return undefined;
    const { bias } = this.bias;
    const optionsOf = (sides: Sides | undefined): typeof kernel & OperationOptions => ({
      ...{ ...this.attributes, ...this.bias, ...kernel },
      ...(sides && { padding: sides }),
    });
    const isPointwise = kernelSize.join() === '1,1' && !kernel.depthwise && kernel.groups === 1;
    return {
      kind: 'head',
      pads: padding === 'valid',
      bias,
      run: (x, sides, tail) => conv2dThen(stored(x), this.weight('kernel'), optionsOf(sides), tail),
      call: (x, { sides, isNormed }) => {
        const convolve = kernel.depthwise ? depthwiseConv2d : conv2dHead;
        return convolve(stored(x), this.weight('kernel'), { ...optionsOf(sides), isNormed });
      },
      callNormed: isPointwise
        ? (x, gamma, beta, norm, { isNormed }) => {
            const options = { ...optionsOf(undefined), isNormed };
            return batchNormConv2d(stored(x), gamma, beta, this.weight('kernel'), norm, options);
          }
        : undefined,
    };
  }

  /** The window as operations take it. */
  protected get attributes(): { strides: Pair; padding: 'same' | 'valid'; dilation: Pair } {
    const { strides, padding, dilationRate: dilation } = this.config;
    return { strides, padding, dilation };
  }
}

/** Options of `layers.conv2d`. */
export interface Conv2dOptions extends ConvOptions, KernelOptions {
  /** Number of filters: channels of the result. */
  readonly filters: number;
  /** Channels are cut into so many groups that are convolved separately. Default 1. */
  readonly groups?: number | undefined;
}

/** Convolution of [height, width, channels] with filters [h, w, channels / groups, filters]. */
export class Conv2D extends Convolution<Conv2dOptions> {
  override get className(): string {
    return 'Conv2D';
  }

  constructor(options: Conv2dOptions) {
    super(options, { filters: undefined, ...WINDOW, groups: 1, ...BIAS, ...KERNEL });
    const { filters, groups } = this.config;
    checkInteger(this.name, 'filters', filters);
    checkInteger(this.name, 'groups', groups);
    if (filters % groups === 0) return;
    throw new FoveaError(
      'ARGUMENT',
      `${this.name}: ${filters} filters cannot be cut into ${groups} groups`,
    );
  }

  protected override channels(inputChannels: number): number {
    const { filters, groups } = this.config;
    if (inputChannels % groups === 0) return filters;
    throw new FoveaError(
      'SHAPE',
      `${this.name}: ${inputChannels} channels cannot be cut into ${groups} groups`,
    );
  }

  protected override createWeights(inputShape: Shape, nextSeed: SeedSource): void {
    const { filters, groups, kernelSize } = this.config;
    this.add('kernel', 'kernel', [...kernelSize, inputShape[2]! / groups, filters], nextSeed);
    this.addBias(inputShape, nextSeed);
  }

  override get fusion(): Fusion | undefined {
    return this.headOf(Conv2D, { groups: this.config.groups });
  }

  override call(x: Tensor, { logits }: CallOptions = {}): Tensor {
    const options = { ...this.attributes, ...this.bias, groups: this.config.groups };
    return withActivation(this.config.activation, logits, (fused) =>
      conv2d(stored(x), this.weight('kernel'), { ...options, ...fused }),
    );
  }
}

/** Options of the depthwise kernel. */
export interface DepthwiseOptions {
  /** Results per input channel. Default 1. */
  readonly depthMultiplier?: number | undefined;
  /** Default 'glorotUniform'. */
  readonly depthwiseInitializer?: InitializerLike | undefined;
  readonly depthwiseRegularizer?: RegularizerLike | null | undefined;
  readonly depthwiseConstraint?: ConstraintLike | null | undefined;
}

const DEPTHWISE = {
  depthMultiplier: 1,
  depthwiseInitializer: 'glorotUniform',
  depthwiseRegularizer: null,
  depthwiseConstraint: null,
} as const;

/** Options of `layers.depthwiseConv2d`. */
export interface DepthwiseConv2dOptions extends ConvOptions, DepthwiseOptions {}

/** Convolution of each channel by itself, with filters [h, w, channels, depthMultiplier]. */
export class DepthwiseConv2D extends Convolution<DepthwiseConv2dOptions> {
  override get className(): string {
    return 'DepthwiseConv2D';
  }

  constructor(options: DepthwiseConv2dOptions) {
    super(options, { ...WINDOW, ...BIAS, ...DEPTHWISE });
    checkInteger(this.name, 'depthMultiplier', this.config.depthMultiplier);
  }

  protected override channels(inputChannels: number): number {
    return inputChannels * this.config.depthMultiplier;
  }

  protected override createWeights(inputShape: Shape, nextSeed: SeedSource): void {
    const { depthMultiplier, kernelSize } = this.config;
    const shape = [...kernelSize, inputShape[2]!, depthMultiplier];
    this.add('kernel', 'depthwise', shape, nextSeed);
    this.addBias(inputShape, nextSeed);
  }

  override get fusion(): Fusion | undefined {
    return this.headOf(DepthwiseConv2D, { depthwise: true });
  }

  override call(x: Tensor, { logits }: CallOptions = {}): Tensor {
    const options = { ...this.attributes, ...this.bias };
    return withActivation(this.config.activation, logits, (fused) =>
      depthwiseConv2d(stored(x), this.weight('kernel'), { ...options, ...fused }),
    );
  }
}

/** Options of `layers.separableConv2d`. */
export interface SeparableConv2dOptions extends ConvOptions, DepthwiseOptions {
  /** Number of pointwise filters: channels of the result. */
  readonly filters: number;
  /** Default 'glorotUniform'. */
  readonly pointwiseInitializer?: InitializerLike | undefined;
  readonly pointwiseRegularizer?: RegularizerLike | null | undefined;
  readonly pointwiseConstraint?: ConstraintLike | null | undefined;
}

/** A depthwise convolution, then a 1x1 convolution; one bias and activation, at the end. */
export class SeparableConv2D extends Convolution<SeparableConv2dOptions> {
  override get className(): string {
    return 'SeparableConv2D';
  }

  constructor(options: SeparableConv2dOptions) {
    super(options, {
      ...{ filters: undefined, ...WINDOW, ...BIAS, ...DEPTHWISE },
      pointwiseInitializer: 'glorotUniform',
      pointwiseRegularizer: null,
      pointwiseConstraint: null,
    });
    checkInteger(this.name, 'filters', this.config.filters);
    checkInteger(this.name, 'depthMultiplier', this.config.depthMultiplier);
  }

  protected override channels(): number {
    return this.config.filters;
  }

  protected override createWeights(inputShape: Shape, nextSeed: SeedSource): void {
    const { filters, depthMultiplier, kernelSize } = this.config;
    const channels = inputShape[2]!;
    const depthwise = [...kernelSize, channels, depthMultiplier];
    const pointwise = [1, 1, channels * depthMultiplier, filters];
    this.add('depthwise_kernel', 'depthwise', depthwise, nextSeed);
    this.add('pointwise_kernel', 'pointwise', pointwise, nextSeed);
    this.addBias(inputShape, nextSeed);
  }

  override call(x: Tensor, { logits }: CallOptions = {}): Tensor {
    const depthwise = depthwiseConv2d(stored(x), this.weight('depthwise_kernel'), this.attributes);
    return withActivation(this.config.activation, logits, (fused) =>
      conv2d(depthwise, this.weight('pointwise_kernel'), { ...this.bias, ...fused }),
    );
  }
}

/** Options of `layers.conv2dTranspose`. */
export interface Conv2dTransposeOptions extends ConvOptions, KernelOptions {
  /** Number of filters: channels of the result. */
  readonly filters: number;
  /** Rows and columns added to the result, less than the stride. Default: as the padding says. */
  readonly outputPadding?: Pair | null | undefined;
}

/**
 * The gradient of a convolution as a layer: makes pictures larger by the strides. Filters are
 * [h, w, filters, channels].
 */
export class Conv2DTranspose extends Convolution<Conv2dTransposeOptions> {
  override get className(): string {
    return 'Conv2DTranspose';
  }

  constructor(options: Conv2dTransposeOptions) {
    super(options, {
      ...{ filters: undefined, ...WINDOW, outputPadding: null, ...BIAS, ...KERNEL },
    });
    checkInteger(this.name, 'filters', this.config.filters);
  }

  protected override channels(): number {
    return this.config.filters;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, 'height, width, channels');
    const { filters, kernelSize } = this.config;
    const kernel = [...kernelSize, filters, inputShape[2]!];
    return [...transposedSize(this.name, [1, ...inputShape], kernel, this.larger), filters];
  }

  private get larger(): ConvTransposeOptions {
    const { outputPadding } = this.config;
    return { ...this.attributes, ...(outputPadding !== null && { outputPadding }) };
  }

  protected override createWeights(inputShape: Shape, nextSeed: SeedSource): void {
    const { filters, kernelSize } = this.config;
    this.add('kernel', 'kernel', [...kernelSize, filters, inputShape[2]!], nextSeed);
    this.addBias(inputShape, nextSeed);
  }

  override call(x: Tensor, { logits }: CallOptions = {}): Tensor {
    const options = { ...this.larger, ...this.bias };
    return withActivation(this.config.activation, logits, (fused) =>
      conv2dTranspose(stored(x), this.weight('kernel'), { ...options, ...fused }),
    );
  }
}
