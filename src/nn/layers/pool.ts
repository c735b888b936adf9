import { avgPool2d, globalAvgPool2d, globalMaxPool2d, maxPool2d } from '../../ops/index.js';
import { pairOf, windowAxes, type Pair, type Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { checkFlags, withDefaults } from '../config.js';
import { checkOneOf, checkSampleRank, Layer, ownOptions, type LayerOptions } from '../layer.js';
import type { Own } from './parameters.js';

const AXES = 'height, width, channels';

/** Options of `layers.maxPooling2d` and `layers.averagePooling2d`. */
export interface PoolingOptions extends LayerOptions {
  /** Size of the window: one number, or [height, width]. Default 2. */
  readonly poolSize?: Pair | undefined;
  /** Default: the size of the window. */
  readonly strides?: Pair | null | undefined;
  /** 'valid' (the default): windows lie inside; 'same': padded, the padding is not counted. */
  readonly padding?: 'same' | 'valid' | undefined;
}

abstract class Pooling extends Layer {
  protected override readonly config;

  constructor(options: PoolingOptions = {}) {
    super(options);
    const { name } = this;
    const defaults = { poolSize: 2, strides: null, padding: 'valid' } as const;
    const config = withDefaults<Own<PoolingOptions>>(this.name, ownOptions(options), defaults);
    const poolSize = pairOf(name, 'poolSize', config.poolSize);
    this.config = {
      poolSize,
      strides: pairOf(name, 'strides', config.strides ?? poolSize),
      padding: checkOneOf(name, 'padding', config.padding, ['same', 'valid'] as const),
    };
  }

  override computeOutputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, AXES);
    const [height, width, channels] = inputShape as [number, number, number];
    const { poolSize, ...attributes } = this.config;
    const [rows, columns] = windowAxes(this.name, [height, width], poolSize, attributes);
    return [rows.out, columns.out, channels];
  }
}

/** The largest value in each window. */
export class MaxPooling2D extends Pooling {
  override get className(): string {
    return 'MaxPooling2D';
  }

  override call(x: Tensor): Tensor {
    return maxPool2d(x, this.config);
  }
}

/** The mean of each window. */
export class AveragePooling2D extends Pooling {
  override get className(): string {
    return 'AveragePooling2D';
  }

  override call(x: Tensor): Tensor {
    return avgPool2d(x, this.config);
  }
}

/** Options of the global pooling layers. */
export interface GlobalPoolingOptions extends LayerOptions {
  /** Keeps height and width with size 1. Default false. */
  readonly keepDims?: boolean | undefined;
}

abstract class GlobalPooling extends Layer {
  protected override readonly config;

  constructor(options: GlobalPoolingOptions = {}) {
    super(options);
    const defaults = { keepDims: false };
    this.config = withDefaults<Own<GlobalPoolingOptions>>(this.name, ownOptions(options), defaults);
    checkFlags(this.name, this.config, 'keepDims');
  }

  override computeOutputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, AXES);
    return this.config.keepDims ? [1, 1, inputShape[2]!] : [inputShape[2]!];
  }
}

/** The mean of each channel. */
export class GlobalAveragePooling2D extends GlobalPooling {
  override get className(): string {
    return 'GlobalAveragePooling2D';
  }

  override call(x: Tensor): Tensor {
    return globalAvgPool2d(x, this.config);
  }
}

/** The largest value of each channel. */
export class GlobalMaxPooling2D extends GlobalPooling {
  override get className(): string {
    return 'GlobalMaxPooling2D';
  }

  override call(x: Tensor): Tensor {
    return globalMaxPool2d(x, this.config);
  }
}
