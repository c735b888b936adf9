import { FoveaError } from '../../errors.js';
import { maximum, reshape, resize, slice, sqrt } from '../../ops/index.js';
import { sizeOf, stridesOf, type Shape } from '../../shape.js';
import { tensor, type Tensor } from '../../tensor.js';
import { checkFlags, checkNumbers, checkWord, withDefaults } from '../config.js';
import { checkFinite, hostArray, type ArrayInput, type HostArray } from '../data.js';
import { initializerOf } from '../initializers.js';
import {
  checkInteger,
  checkSampleRank,
  Layer,
  ownOptions,
  type LayerOptions,
  type SeedSource,
} from '../layer.js';
import { assign } from '../update.js';
import { sampleAxes } from './axes.js';
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

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(x: Tensor): Tensor {
    const { scale, offset } = this.config;
    return x.mul(tensor(scale)).add(tensor(offset));
  }
}

/** A number, or lists of numbers. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** Options of `layers.normalization`. */
export interface NormalizationOptions extends LayerOptions {
  /** Dimensions of a batch that have a mean and variance each; null: one for all. Default -1. */
  readonly axis?: number | readonly number[] | null | undefined;
  /** One number, or one for each entry of `axis`. Default null: the layer is adapted. */
  readonly mean?: NestedNumbers | null | undefined;
  /** In the shape of `mean`. */
  readonly variance?: NestedNumbers | null | undefined;
  /** Whether the inverse is computed. Default false. */
  readonly invert?: boolean | undefined;
}

/** (x - mean) / max(sqrt(variance), 1e-7), with given values or those of data. */
export class Normalization extends Layer {
  override get className(): string {
    return 'Normalization';
  }
  protected override readonly config: Own<NormalizationOptions> & {
    readonly axis: readonly number[];
  };

  constructor(options: NormalizationOptions = {}) {
    super(options);
    const config = withDefaults<Own<NormalizationOptions>>(this.name, ownOptions(options), {
      axis: -1,
      mean: null,
      variance: null,
      invert: false,
    });
    const { axis, mean, variance } = config;
    this.config = { ...config, axis: axis === null ? [] : [axis].flat() };
    checkFlags(this.name, config, 'invert');
    if (String(shapeOfNested(mean)) === String(shapeOfNested(variance))) return;
    throw new FoveaError('ARGUMENT', `${this.name}: needs mean and variance of one shape`, {
      hint: 'Compute both from the training data, or give none and call adapt(data).',
    });
  }

  override computeOutputShape(inputShape: Shape): Shape {
    sampleAxes(this.name, this.config.axis, inputShape.length + 1);
    return inputShape;
  }

  /** Keras's third weight counts nothing; it is there because files have it. */
  protected override createWeights(inputShape: Shape, nextSeed: SeedSource): void {
    const { axis, mean } = this.config;
    if (mean !== null) return;
    const shape = sampleAxes(this.name, axis, inputShape.length + 1).map((i) => inputShape[i - 1]!);
    const add = (role: string, of: Shape, initializer: 'zeros' | 'ones'): void =>
      this.addWeight(
        role,
        of,
        { initializer: initializerOf(initializer), trainable: false },
        nextSeed,
      );
    add('mean', shape, 'zeros');
    add('variance', shape, 'ones');
    add('count', [], 'zeros');
  }

  /**
   * Takes mean and variance from data. Waits for the GPU only where data are a tensor.
   *
   * @param data samples, one per row, as models take them
   * @throws FoveaError ARGUMENT when the layer was given a mean, DATA for no samples or values that
   *   are not finite, SHAPE when the layer was built for others
   */
  async adapt(data: ArrayInput): Promise<void> {
    if (this.config.mean !== null) {
      throw new FoveaError('ARGUMENT', `${this.name}: has a mean already, it cannot be adapted`);
    }
    const host = await hostArray(`${this.name}: adapt`, data);
    if (host.data.length === 0)
      throw new FoveaError('DATA', `${this.name}: adapt: there are no data`);
    checkFinite(`${this.name}: adapt`, 'data', host);
    this.build([host.shape.slice(1)], () => 0);
    const axes = sampleAxes(this.name, this.config.axis, host.shape.length);
    const { mean, variance } = moments(host, axes);
    assign(this.weight('mean'), mean);
    assign(this.weight('variance'), variance);
  }

  override call(x: Tensor): Tensor {
    const { invert, mean, variance } = this.config;
    const center = this.spread(x, mean === null ? this.weight('mean') : nestedTensor(mean));
    const squared = variance === null ? this.weight('variance') : nestedTensor(variance);
    const deviation = maximum(sqrt(this.spread(x, squared)), 1e-7);
    return invert ? x.mul(deviation).add(center) : x.sub(center).div(deviation);
  }

  /** Values for the last of the kept dimensions, in the rank of `x`. */
  private spread(x: Tensor, values: Tensor): Tensor {
    const axes = sampleAxes(this.name, this.config.axis, x.rank);
    const shape = x.shape.map(() => 1);
    values.shape.forEach((n, i) => (shape[axes.at(i - values.rank) ?? 0] = n));
    return reshape(values, shape);
  }
}

function shapeOfNested(values: NestedNumbers | null): readonly number[] | null {
  if (values === null) return null;
  return typeof values === 'number'
    ? []
    : [values.length, ...(shapeOfNested(values[0] ?? 0) ?? [])];
}

function nestedTensor(values: NestedNumbers): Tensor {
  return tensor(flatten(values), shapeOfNested(values)!);
}

function flatten(values: NestedNumbers): readonly number[] {
  return typeof values === 'number' ? [values] : values.flatMap(flatten);
}

/** Mean and variance for each position of the kept axes, in two passes over the values. */
function moments({ data, shape }: HostArray, axes: readonly number[]) {
  const kept = axes.map((axis) => shape[axis]!);
  const strides = stridesOf(shape);
  const keptStrides = stridesOf(kept);
  const count = sizeOf(kept);
  const place = (i: number): number =>
    axes.reduce(
      (sum, axis, k) => sum + (Math.floor(i / strides[axis]!) % shape[axis]!) * keptStrides[k]!,
      0,
    );
  const average = (of: (value: number, at: number) => number): Float64Array => {
    const sums = new Float64Array(count);
    for (let i = 0; i < data.length; i++) sums[place(i)]! += of(data[i]!, place(i));
    return sums.map((sum) => sum / (data.length / count));
  };
  const mean = average((value) => value);
  const variance = average((value, at) => (value - mean[at]!) ** 2);
  return { mean: Float32Array.from(mean), variance: Float32Array.from(variance) };
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

  override computeOutputShape(inputShape: Shape): Shape {
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

  override computeOutputShape(inputShape: Shape): Shape {
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
  if (height === x.shape[1] && width === x.shape[2]) return x;
  return slice(x, [0, top, left, 0], [x.shape[0]!, height, width, x.shape[3]!]);
}

/** Cuts out the largest centred part of an aspect ratio, and resizes it: Keras's smart_resize. */
export function smartResize(x: Tensor, height: number, width: number): Tensor {
  return resize(aspectCrop(x, height, width), [height, width]);
}

function aspectCrop(x: Tensor, height: number, width: number): Tensor {
  const [, h, w] = x.shape as [number, number, number, number];
  const { top, left, rows, columns } = aspectBox([h, w], [height, width]);
  return rows === h && columns === w ? x : crop(x, top, left, rows, columns);
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
