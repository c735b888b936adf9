import { FoveaError } from '../../errors.js';
import { pad, resize, slice } from '../../ops/index.js';
import { formatShape, pairOf, type Pair, type Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { checkWord, withDefaults } from '../config.js';
import type { Fusion, Sides } from '../fuse.js';
import { checkSampleRank, Layer, ownOptions, type LayerOptions } from '../layer.js';
import type { Own } from './parameters.js';

const AXES = 'height, width, channels';

/** Options of `layers.zeroPadding2d`. */
export interface ZeroPaddingOptions extends LayerOptions {
  /** One number for all sides, [vertical, horizontal], or [[top, bottom], [left, right]]. Default 1. */
  readonly padding?: Pair | Sides | undefined;
}

/** Surrounds pictures with zeros. */
export class ZeroPadding2D extends Layer {
  override get className(): string {
    return 'ZeroPadding2D';
  }
  protected override readonly config: { readonly padding: Sides };

  constructor(options: ZeroPaddingOptions = {}) {
    super(options);
    const defaults = { padding: 1 };
    const { padding } = withDefaults<Own<ZeroPaddingOptions>>(
      this.name,
      ownOptions(options),
      defaults,
    );
    this.config = { padding: sidesOf(this.name, 'padding', padding) };
  }

  override computeOutputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, AXES);
    const [[top, bottom], [left, right]] = this.config.padding;
    return [inputShape[0]! + top + bottom, inputShape[1]! + left + right, inputShape[2]!];
  }

  override get fusion(): Fusion | undefined {
    const isOwn = this.constructor === ZeroPadding2D;
    return isOwn ? { kind: 'pad', sides: this.config.padding } : undefined;
  }

  override call(x: Tensor): Tensor {
    return pad(x, [[0, 0], ...this.config.padding, [0, 0]]);
  }
}

/** Options of `layers.cropping2d`. */
export interface CroppingOptions extends LayerOptions {
  /** One number for all sides, [vertical, horizontal], or [[top, bottom], [left, right]]. Default 0. */
  readonly cropping?: Pair | Sides | undefined;
}

/** Takes rows and columns away at the sides of pictures. */
export class Cropping2D extends Layer {
  override get className(): string {
    return 'Cropping2D';
  }
  protected override readonly config: { readonly cropping: Sides };

  constructor(options: CroppingOptions = {}) {
    super(options);
    const defaults = { cropping: 0 };
    const { cropping } = withDefaults<Own<CroppingOptions>>(
      this.name,
      ownOptions(options),
      defaults,
    );
    this.config = { cropping: sidesOf(this.name, 'cropping', cropping) };
  }

  override computeOutputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, AXES);
    const [[top, bottom], [left, right]] = this.config.cropping;
    const [rows, columns] = [inputShape[0]! - top - bottom, inputShape[1]! - left - right];
    if (rows > 0 && columns > 0) return [rows, columns, inputShape[2]!];
    throw new FoveaError(
      'SHAPE',
      `${this.name}: nothing is left of samples ${formatShape(inputShape)} after cropping ` +
        JSON.stringify(this.config.cropping),
    );
  }

  override call(x: Tensor): Tensor {
    const [[top], [left]] = this.config.cropping;
    return slice(x, [0, top, left, 0], [x.shape[0]!, ...this.computeOutputShape(x.shape.slice(1))]);
  }
}

/** Options of `layers.upSampling2d`. */
export interface UpSamplingOptions extends LayerOptions {
  /** How many times larger: one number, or [vertical, horizontal]. Default 2. */
  readonly size?: Pair | undefined;
  /** Default 'nearest': each pixel is repeated. */
  readonly interpolation?: 'nearest' | 'bilinear' | undefined;
}

/** Makes pictures larger by whole factors. */
export class UpSampling2D extends Layer {
  override get className(): string {
    return 'UpSampling2D';
  }
  protected override readonly config;

  constructor(options: UpSamplingOptions = {}) {
    super(options);
    const defaults = { size: 2, interpolation: 'nearest' } as const;
    const config = withDefaults<Own<UpSamplingOptions>>(this.name, ownOptions(options), defaults);
    checkWord(this.name, 'interpolation', config.interpolation, ['nearest', 'bilinear']);
    this.config = { ...config, size: pairOf(this.name, 'size', config.size) };
  }

  override computeOutputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, AXES);
    const [vertical, horizontal] = this.config.size;
    return [inputShape[0]! * vertical, inputShape[1]! * horizontal, inputShape[2]!];
  }

  override call(x: Tensor): Tensor {
    const [height, width] = this.computeOutputShape(x.shape.slice(1)) as [number, number, number];
    return resize(x, [height, width], { method: this.config.interpolation });
  }
}

function sidesOf(layer: string, option: string, value: Pair | Sides): Sides {
  const [vertical, horizontal] = typeof value === 'number' ? [value, value] : value;
  const both = (side: number | readonly [number, number]): readonly [number, number] =>
    typeof side === 'number' ? [side, side] : side;
  const sides = [both(vertical), both(horizontal)] as const;
  if (sides.flat().every((n) => Number.isInteger(n) && n >= 0)) return sides;
  throw new FoveaError(
    'ARGUMENT',
    `${layer}: ${option} must be a number, [vertical, horizontal] or [[top, bottom], [left, right]] ` +
      `of integers from 0, got ${JSON.stringify(value)}`,
  );
}
