import { FoveaError } from '../../errors.js';
import { avgPool2d, globalAvgPool2d, globalMaxPool2d, maxPool2d, pad } from '../../ops/index.js';
import { pairOf, windowAxes, type Pair, type Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import {
  checkOneOf,
  checkSampleRank,
  Layer,
  type LayerConfig,
  type LayerOptions,
} from '../layer.js';

const AXES = 'height, width, channels';

/** Options of `layers.maxPooling2d` and `layers.averagePooling2d`. */
export interface PoolingOptions extends LayerOptions {
  /** Size of the window: one number, or [height, width]. Default 2. */
  readonly poolSize?: Pair;
  /** Default: the size of the window. */
  readonly strides?: Pair;
  /** 'valid' (the default): windows lie inside; 'same': padded, the padding is not counted. */
  readonly padding?: 'same' | 'valid';
}

abstract class Pooling extends Layer {
  protected readonly config;

  constructor(options: PoolingOptions = {}) {
    super(options);
    const { name } = this;
    const poolSize = pairOf(name, 'poolSize', options.poolSize ?? 2);
    this.config = {
      poolSize,
      strides: pairOf(name, 'strides', options.strides ?? poolSize),
      padding: checkOneOf(name, 'padding', options.padding ?? 'valid', ['same', 'valid'] as const),
    };
  }

  override outputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, AXES);
    const [height, width, channels] = inputShape as [number, number, number];
    const { poolSize, ...attributes } = this.config;
    const [rows, columns] = windowAxes(this.name, [height, width], poolSize, attributes);
    return [rows.out, columns.out, channels];
  }

  override getConfig(): LayerConfig {
    return { ...super.getConfig(), ...this.config };
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
  readonly keepDims?: boolean;
}

abstract class GlobalPooling extends Layer {
  protected readonly keepDims: boolean;

  constructor(options: GlobalPoolingOptions = {}) {
    super(options);
    this.keepDims = options.keepDims ?? false;
  }

  override outputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, AXES);
    return this.keepDims ? [1, 1, inputShape[2]!] : [inputShape[2]!];
  }

  override getConfig(): LayerConfig {
    return { ...super.getConfig(), keepDims: this.keepDims };
  }
}

/** The mean of each channel. */
export class GlobalAveragePooling2D extends GlobalPooling {
  override get className(): string {
    return 'GlobalAveragePooling2D';
  }

  override call(x: Tensor): Tensor {
    return globalAvgPool2d(x, { keepDims: this.keepDims });
  }
}

/** The largest value of each channel. */
export class GlobalMaxPooling2D extends GlobalPooling {
  override get className(): string {
    return 'GlobalMaxPooling2D';
  }

  override call(x: Tensor): Tensor {
    return globalMaxPool2d(x, { keepDims: this.keepDims });
  }
}

type Sides = readonly [readonly [number, number], readonly [number, number]];

/** Options of `layers.zeroPadding2d`. */
export interface ZeroPaddingOptions extends LayerOptions {
  /** One number for all sides, [vertical, horizontal], or [[top, bottom], [left, right]]. Default 1. */
  readonly padding?: Pair | Sides;
}

/** Surrounds pictures with zeros. */
export class ZeroPadding2D extends Layer {
  override get className(): string {
    return 'ZeroPadding2D';
  }
  private readonly padding: Sides;

  constructor(options: ZeroPaddingOptions = {}) {
    super(options);
    this.padding = sidesOf(this.name, options.padding ?? 1);
  }

  override outputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, AXES);
    const [[top, bottom], [left, right]] = this.padding;
    return [inputShape[0]! + top + bottom, inputShape[1]! + left + right, inputShape[2]!];
  }

  override call(x: Tensor): Tensor {
    return pad(x, [[0, 0], ...this.padding, [0, 0]]);
  }

  override getConfig(): LayerConfig {
    return { ...super.getConfig(), padding: this.padding };
  }
}

function sidesOf(layer: string, padding: Pair | Sides): Sides {
  const [vertical, horizontal] = typeof padding === 'number' ? [padding, padding] : padding;
  const both = (side: number | readonly [number, number]): readonly [number, number] =>
    typeof side === 'number' ? [side, side] : side;
  const sides = [both(vertical), both(horizontal)] as const;
  if (sides.flat().every((n) => Number.isInteger(n) && n >= 0)) return sides;
  throw new FoveaError(
    'ARGUMENT',
    `${layer}: padding must be a number, [vertical, horizontal] or [[top, bottom], [left, right]] ` +
      `of integers from 0, got ${JSON.stringify(padding)}`,
  );
}
