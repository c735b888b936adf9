import { FoveaError } from '../../errors.js';
import { affine, clip, mean, reshape, resize } from '../../ops/index.js';
import { Random } from '../../random.js';
import type { Shape } from '../../shape.js';
import { tensor, type Tensor } from '../../tensor.js';
import { checkNumbers, checkWord, withDefaults } from '../config.js';
import { checkSampleRank, ownOptions } from '../layer.js';
import type { Own } from './parameters.js';
import { aspectBox, crop, SIZE, smartResize, type CropSizeOptions } from './preprocessing.js';
import { RandomLayer, SEED, type RandomOptions } from './regularization.js';

/** A range of random numbers: [least, most], or f for [-f, f]. */
export type Factor = number | readonly [least: number, most: number];

/** Maps pixel (x, y) of the result to the source: [a, b, c] gives a x + b y + c, for x, then y. */
type Transform = readonly [number, number, number, number, number, number];

/** Layers that change pictures at random, each picture in its own way, in training only. */
abstract class ImageLayer extends RandomLayer {
  override computeOutputShape(inputShape: Shape): Shape {
    checkSampleRank(this.name, inputShape, 'height, width, channels');
    return inputShape;
  }
}

/** Options of `layers.randomFlip`. */
export interface RandomFlipOptions extends RandomOptions {
  /** Default 'horizontal_and_vertical': each picture is flipped along both axes, or not at all. */
  readonly mode?: 'horizontal' | 'vertical' | 'horizontal_and_vertical' | undefined;
}

/** Mirrors half of the pictures. */
export class RandomFlip extends ImageLayer {
  override get className(): string {
    return 'RandomFlip';
  }
  protected override readonly config: Own<RandomFlipOptions>;

  constructor(options: RandomFlipOptions = {}) {
    super(options);
    const defaults = { mode: 'horizontal_and_vertical', seed: null } as const;
    this.config = withDefaults<Own<RandomFlipOptions>>(this.name, ownOptions(options), defaults);
    const modes = ['horizontal', 'vertical', 'horizontal_and_vertical'] as const;
    checkWord(this.name, 'mode', this.config.mode, modes);
    checkNumbers(this.name, this.config, { seed: SEED });
  }

  protected override change(x: Tensor, seed: () => number): Tensor {
    const { mode } = this.config;
    const [, h, w] = x.shape as [number, number, number, number];
    return transformed(x, { interpolation: 'nearest', fillMode: 'nearest' }, seed, (random) => {
      const isFlipped = random.uniform() < 0.5;
      const across = isFlipped && mode !== 'vertical';
      const down = isFlipped && mode !== 'horizontal';
      return [across ? -1 : 1, 0, across ? w - 1 : 0, 0, down ? -1 : 1, down ? h - 1 : 0];
    });
  }
}

/** Options of layers that move pixels. */
export interface FillOptions extends RandomOptions {
  /** What lies outside: mirrored (the default), `fillValue`, the last pixel, or the other side. */
  readonly fillMode?: 'reflect' | 'constant' | 'nearest' | 'wrap' | undefined;
  /** Default 'bilinear'. */
  readonly interpolation?: 'bilinear' | 'nearest' | undefined;
  /** Of the fill mode 'constant'. Default 0. */
  readonly fillValue?: number | undefined;
}

const FILL = {
  fillMode: 'reflect',
  interpolation: 'bilinear',
  fillValue: 0,
  seed: null,
} as const;

function checkFill(layer: string, config: Own<FillOptions>): void {
  const modes = ['reflect', 'constant', 'nearest', 'wrap'] as const;
  checkWord(layer, 'fillMode', config.fillMode, modes);
  checkWord(layer, 'interpolation', config.interpolation, ['bilinear', 'nearest']);
  checkNumbers(layer, config, { fillValue: {}, seed: SEED });
}

/** Options of `layers.randomRotation`. */
export interface RandomRotationOptions extends FillOptions {
  /** Share of a full turn; positive is counter-clockwise. */
  readonly factor: Factor;
}

/** Turns pictures about their centre. */
export class RandomRotation extends ImageLayer {
  override get className(): string {
    return 'RandomRotation';
  }
  protected override readonly config: Own<RandomRotationOptions>;

  constructor(options: RandomRotationOptions) {
    super(options);
    const config = withDefaults<Own<RandomRotationOptions>>(this.name, ownOptions(options), {
      factor: undefined,
      ...FILL,
    });
    checkFill(this.name, config);
    this.config = { ...config, factor: rangeOf(this.name, 'factor', config.factor) };
  }

  protected override change(x: Tensor, seed: () => number): Tensor {
    const range = rangeOf(this.name, 'factor', this.config.factor);
    const [, h, w] = x.shape as [number, number, number, number];
    const [cx, cy] = [(w - 1) / 2, (h - 1) / 2];
    return transformed(x, this.config, seed, (random) => {
      const angle = 2 * Math.PI * draw(random, range);
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      return [cos, -sin, cx - cx * cos + cy * sin, sin, cos, cy - cx * sin - cy * cos];
    });
  }
}

/** Options of `layers.randomTranslation`. */
export interface RandomTranslationOptions extends FillOptions {
  /** Share of the height; positive is down. */
  readonly heightFactor: Factor;
  /** Share of the width; positive is to the right. */
  readonly widthFactor: Factor;
}

/** Moves pictures. */
export class RandomTranslation extends ImageLayer {
  override get className(): string {
    return 'RandomTranslation';
  }
  protected override readonly config: Own<RandomTranslationOptions>;

  constructor(options: RandomTranslationOptions) {
    super(options);
    this.config = withDefaults<Own<RandomTranslationOptions>>(this.name, ownOptions(options), {
      heightFactor: undefined,
      widthFactor: undefined,
      ...FILL,
    });
    checkFill(this.name, this.config);
    rangeOf(this.name, 'heightFactor', this.config.heightFactor);
    rangeOf(this.name, 'widthFactor', this.config.widthFactor);
  }

  protected override change(x: Tensor, seed: () => number): Tensor {
    const vertical = rangeOf(this.name, 'heightFactor', this.config.heightFactor);
    const horizontal = rangeOf(this.name, 'widthFactor', this.config.widthFactor);
    const [, h, w] = x.shape as [number, number, number, number];
    return transformed(x, this.config, seed, (random) => {
      const right = draw(random, horizontal);
      const down = draw(random, vertical);
      return [1, 0, -right * w, 0, 1, -down * h];
    });
  }
}

/** Options of `layers.randomZoom`. */
export interface RandomZoomOptions extends FillOptions {
  /** Positive makes the content smaller. */
  readonly heightFactor: Factor;
  /** Default null: as for the height, so that the aspect ratio stays. */
  readonly widthFactor?: Factor | null | undefined;
}

/** Makes the content of pictures larger or smaller. */
export class RandomZoom extends ImageLayer {
  override get className(): string {
    return 'RandomZoom';
  }
  protected override readonly config: Own<RandomZoomOptions>;

  constructor(options: RandomZoomOptions) {
    super(options);
    this.config = withDefaults<Own<RandomZoomOptions>>(this.name, ownOptions(options), {
      heightFactor: undefined,
      widthFactor: null,
      ...FILL,
    });
    checkFill(this.name, this.config);
    const { heightFactor, widthFactor } = this.config;
    rangeOf(this.name, 'heightFactor', heightFactor);
    if (widthFactor !== null) rangeOf(this.name, 'widthFactor', widthFactor);
  }

  protected override change(x: Tensor, seed: () => number): Tensor {
    const { heightFactor, widthFactor } = this.config;
    const vertical = rangeOf(this.name, 'heightFactor', heightFactor);
    const horizontal =
      widthFactor === null ? undefined : rangeOf(this.name, 'widthFactor', widthFactor);
    const [, h, w] = x.shape as [number, number, number, number];
    return transformed(x, this.config, seed, (random) => {
      const zy = 1 + draw(random, vertical);
      const zx = horizontal ? 1 + draw(random, horizontal) : zy;
      return [zx, 0, ((w - 1) / 2) * (1 - zx), 0, zy, ((h - 1) / 2) * (1 - zy)];
    });
  }
}

/** Options of layers that change colours. */
export interface ColourOptions extends RandomOptions {
  readonly factor: Factor;
  /** Smallest and largest value of pixels: results are kept inside. Default [0, 255]. */
  readonly valueRange?: readonly [number, number] | undefined;
}

const COLOUR = { factor: undefined, valueRange: [0, 255], seed: null } as const;

/** Moves values away from their mean (of the picture and channel), or towards it. */
export class RandomContrast extends ImageLayer {
  override get className(): string {
    return 'RandomContrast';
  }
  protected override readonly config: Own<ColourOptions>;

  /** The factor f is between 1 - factor[0] and 1 + factor[1]; one number stands for both. */
  constructor(options: ColourOptions) {
    super(options);
    const config = withDefaults<Own<ColourOptions>>(this.name, ownOptions(options), COLOUR);
    checkNumbers(this.name, config, { seed: SEED });
    const { factor } = config;
    // Written as two numbers, because Keras takes one f for 0 and f, against what it says.
    const pair = typeof factor === 'number' ? ([factor, factor] as const) : factor;
    this.config = { ...config, factor: rangeOf(this.name, 'factor', pair) };
  }

  protected override change(x: Tensor, seed: () => number): Tensor {
    const { factor, valueRange } = this.config;
    const [lower, upper] = rangeOf(this.name, 'factor', factor);
    const factors = perImage(x, seed, (random) => draw(random, [1 - lower, 1 + upper]));
    const center = mean(x, { axis: [1, 2], keepDims: true });
    return clip(x.sub(center).mul(factors).add(center), ...valueRange);
  }
}

/** Adds one number to all values of a picture. */
export class RandomBrightness extends ImageLayer {
  override get className(): string {
    return 'RandomBrightness';
  }
  protected override readonly config: Own<ColourOptions>;

  /** The factor is a share of the value range; one number f stands for [-f, f]. */
  constructor(options: ColourOptions) {
    super(options);
    const config = withDefaults<Own<ColourOptions>>(this.name, ownOptions(options), COLOUR);
    checkNumbers(this.name, config, { seed: SEED });
    this.config = { ...config, factor: rangeOf(this.name, 'factor', config.factor) };
  }

  protected override change(x: Tensor, seed: () => number): Tensor {
    const { factor, valueRange } = this.config;
    const range = rangeOf(this.name, 'factor', factor);
    const [low, high] = valueRange;
    const added = perImage(x, seed, (random) => draw(random, range) * (high - low));
    return clip(x.add(added), low, high);
  }
}

/** Options of `layers.randomCrop`. */
export interface RandomCropOptions extends CropSizeOptions, RandomOptions {}

/**
 * Cuts out a part: at a random place in training (one for all pictures of a batch, as in Keras),
 * else the middle of the same aspect ratio, resized.
 */
export class RandomCrop extends ImageLayer {
  override get className(): string {
    return 'RandomCrop';
  }
  protected override readonly config: Own<RandomCropOptions>;

  constructor(options: RandomCropOptions) {
    super(options);
    this.config = withDefaults<Own<RandomCropOptions>>(this.name, ownOptions(options), {
      height: undefined,
      width: undefined,
      seed: null,
    });
    checkNumbers(this.name, this.config, { height: SIZE, width: SIZE, seed: SEED });
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const [, , channels] = super.computeOutputShape(inputShape) as [number, number, number];
    return [this.config.height, this.config.width, channels];
  }

  protected override atRest(x: Tensor): Tensor {
    return smartResize(x, this.config.height, this.config.width);
  }

  protected override change(x: Tensor, seed: () => number): Tensor {
    const { height, width } = this.config;
    const [, h, w] = x.shape as [number, number, number, number];
    if (h > height && w > width) {
      const place = (): Transform => {
        const random = new Random(seed());
        const [top, left] = [random.integer(h - height + 1), random.integer(w - width + 1)];
        return [1, 0, left, 0, 1, top];
      };
      const transforms = tensor(() => Array.from({ length: x.shape[0]! }, place));
      return affine(x, transforms, { size: [height, width], interpolation: 'nearest' });
    }
    // Keras takes what there is, from the corner of the centred part on.
    const { top, left } = aspectBox([h, w], [height, width]);
    const part = crop(x, top, left, Math.min(height, h - top), Math.min(width, w - left));
    return resize(part, [height, width]);
  }
}

/** Applies to each picture a transformation of its own. */
function transformed(
  x: Tensor,
  { fillMode, interpolation, fillValue = 0 }: Omit<FillOptions, 'seed'>,
  seed: () => number,
  transform: (random: Random) => Transform,
): Tensor {
  return affine(x, tensor(eachImage(x, seed, transform)), {
    ...(fillMode && { fillMode }),
    ...(interpolation && { interpolation }),
    fillValue,
  });
}

/** One random number for each picture [n, 1, 1, 1]. */
function perImage(x: Tensor, seed: () => number, one: (random: Random) => number): Tensor {
  return reshape(tensor(eachImage(x, seed, one)), [-1, 1, 1, 1]);
}

/** What is drawn for each picture, at each step. */
function eachImage<T>(x: Tensor, seed: () => number, one: (random: Random) => T): () => T[] {
  return () => {
    const random = new Random(seed());
    return Array.from({ length: x.shape[0]! }, () => one(random));
  };
}

function draw(random: Random, [least, most]: readonly [number, number]): number {
  return least + (most - least) * random.uniform();
}

function rangeOf(layer: string, option: string, factor: Factor): readonly [number, number] {
  const range = typeof factor === 'number' ? ([-factor, factor] as const) : factor;
  if (range.every(Number.isFinite) && range[0] <= range[1]) return range;
  throw new FoveaError(
    'ARGUMENT',
    `${layer}: ${option} must be a number from 0, or [least, most], got ${JSON.stringify(factor)}`,
  );
}
