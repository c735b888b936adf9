import { FoveaError } from '../../errors.js';
import { resize, slice } from '../../ops/index.js';
import { sizeOf, type Shape } from '../../shape.js';
import { tensor, type Tensor } from '../../tensor.js';
import { checkFlags, checkNumbers, checkWord, withDefaults } from '../config.js';
import { checkInteger, checkSampleRank, Layer, ownOptions, type LayerOptions } from '../layer.js';
import type { Own } from './parameters.js';

const AXES = 'height, width, channels';

/** Options of `layers.rescaling`. */
export interface RescalingOptions extends LayerOptions {
  /** A number, or one per channel. */
  readonly scale: number | readonly number[];
  /** A number, or one per channel. Default 0. */
  readonly offset?: number | readonly number[] | undefined;
}

/** x * scale + offset. */
export class Rescaling extends Layer {
  override get className(): string {
    return 'Rescaling';
  }
  protected override readonly config: Own<RescalingOptions>;

  constructor(options: RescalingOptions) {
    super(options);
    const defaults = { scale: undefined, offset: 0 };
    this.config = withDefaults(this.name, ownOptions(options), defaults);
  }

  override outputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(x: Tensor): Tensor {
    const { scale, offset } = this.config;
    return x.mul(tensor(scale)).add(tensor(offset));
  }
}

/** Options of `layers.normalization`. */
export interface NormalizationOptions extends LayerOptions {
  /** Dimensions of a batch that have a mean and variance each. Default -1: the channels. */
  readonly axis?: number | readonly number[] | null | undefined;
  /** A number, or one per channel. Without it, the layer has weights that are loaded or adapted. */
  readonly mean?: number | readonly number[] | null | undefined;
  readonly variance?: number | readonly number[] | null | undefined;
  /** Whether the inverse is computed. Default false. */
  readonly invert?: boolean | undefined;
}

/** (x - mean) / max(sqrt(variance), 1e-7). */
export class Normalization extends Layer {
  override get className(): string {
    return 'Normalization';
  }
  protected override readonly config: Own<NormalizationOptions>;

  constructor(options: NormalizationOptions = {}) {
    super(options);
    this.config = withDefaults<Own<NormalizationOptions>>(this.name, ownOptions(options), {
      axis: -1,
      mean: null,
      variance: null,
      invert: false,
    });
    const { mean, variance } = this.config;
    checkFlags(this.name, this.config, 'invert');
    if ((mean === null) === (variance === null) && mean !== null) return;
    throw new FoveaError('ARGUMENT', `${this.name}: needs mean and variance`, {
      hint: 'Compute them from the training data: one of each per channel.',
    });
  }

  override outputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(x: Tensor): Tensor {
    const { mean, variance, invert } = this.config;
    const list = (value: number | readonly number[]): readonly number[] =>
      typeof value === 'number' ? [value] : value;
    const center = tensor(list(mean!));
    const deviation = tensor(list(variance!).map((v) => Math.max(Math.sqrt(v), 1e-7)));
    return invert ? x.mul(deviation).add(center) : x.sub(center).div(deviation);
  }
}

/** Options of `layers.resizing`. */
export interface ResizingOptions extends LayerOptions {
  readonly height: number;
  readonly width: number;
  /** Default 'bilinear'. */
  readonly interpolation?: 'bilinear' | 'nearest' | undefined;
  /** Whether a centred part of the target's aspect ratio is resized. Default false. */
  readonly cropToAspectRatio?: boolean | undefined;
}

/** Brings pictures to one size, without antialiasing, as Keras does. */
export class Resizing extends Layer {
  override get className(): string {
    return 'Resizing';
  }
  protected override readonly config: Own<ResizingOptions>;

  constructor(options: ResizingOptions) {
    super(options);
    this.config = withDefaults<Own<ResizingOptions>>(this.name, ownOptions(options), {
      height: undefined,
      width: undefined,
      interpolation: 'bilinear',
      cropToAspectRatio: false,
    });
    checkInteger(this.name, 'height', this.config.height);
    checkInteger(this.name, 'width', this.config.width);
    checkWord(this.name, 'interpolation', this.config.interpolation, ['bilinear', 'nearest']);
    checkFlags(this.name, this.config, 'cropToAspectRatio');
  }

  override outputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, AXES);
    return [this.config.height, this.config.width, inputShape[2]!];
  }

  override call(x: Tensor): Tensor {
    const { height, width, interpolation, cropToAspectRatio } = this.config;
    const part = cropToAspectRatio ? aspectCrop(x, height, width) : x;
    return resize(part, [height, width], { method: interpolation });
  }
}

/** Options of layers that cut out a part. */
export interface CropSizeOptions extends LayerOptions {
  readonly height: number;
  readonly width: number;
}

/** Cuts out the middle; smaller pictures are resized first. */
export class CenterCrop extends Layer {
  override get className(): string {
    return 'CenterCrop';
  }
  protected override readonly config: Own<CropSizeOptions>;

  constructor(options: CropSizeOptions) {
    super(options);
    const defaults = { height: undefined, width: undefined };
    this.config = withDefaults(this.name, ownOptions(options), defaults);
    checkNumbers(this.name, this.config, { height: SIZE, width: SIZE });
  }

  override outputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, AXES);
    return [this.config.height, this.config.width, inputShape[2]!];
  }

  override call(x: Tensor): Tensor {
    const { height, width } = this.config;
    const [, h, w] = x.shape as [number, number, number, number];
    if (h < height || w < width) return smartResize(x, height, width);
    return crop(x, Math.floor((h - height) / 2), Math.floor((w - width) / 2), height, width);
  }
}

/** A size of pictures. */
export const SIZE = { least: 1, integer: true };

/** The part of pictures that begins at a place. */
export function crop(x: Tensor, top: number, left: number, height: number, width: number): Tensor {
  return slice(x, [0, top, left, 0], [x.shape[0]!, height, width, x.shape[3]!]);
}

/** Cuts out the largest centred part of an aspect ratio, and resizes it: Keras's smart_resize. */
export function smartResize(x: Tensor, height: number, width: number): Tensor {
  return resize(aspectCrop(x, height, width), [height, width]);
}

function aspectCrop(x: Tensor, height: number, width: number): Tensor {
  const [, h, w] = x.shape as [number, number, number, number];
  const { top, left, rows, columns } = aspectBox([h, w], [height, width]);
  return sizeOf([rows, columns]) === h * w ? x : crop(x, top, left, rows, columns);
}

/** The largest centred part of pictures of size [h, w] with the aspect ratio of another size. */
export function aspectBox(
  [h, w]: readonly [number, number],
  [height, width]: readonly [number, number],
): { readonly top: number; readonly left: number; readonly rows: number; readonly columns: number } {
  const within = (n: number, most: number): number => Math.max(1, Math.min(most, Math.trunc(n)));
  const rows = within((w * height) / width, h);
  const columns = within((h * width) / height, w);
  const [top, left] = [Math.trunc((h - rows) / 2), Math.trunc((w - columns) / 2)];
  return { top, left, rows, columns };
}
