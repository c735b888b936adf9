import { FoveaError } from '../errors.js';
import {
  binaryCrossEntropy,
  binaryFocalCrossEntropy,
  categoricalCrossEntropy,
  categoricalFocalCrossEntropy,
  dice,
  huber,
  klDivergence,
  meanAbsoluteError,
  meanSquaredError,
  softmaxCrossEntropy,
} from '../ops/index.js';
import { sameShape, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import type { Serialized } from './config.js';
import { checkFinite, formatBatch, position, type HostArray } from './data.js';

/** Options of the losses: each takes some of them. */
export interface LossOptions {
  /**
   * Whether the model's results are logits. Default false. A model that ends in softmax (for the
   * binary loss: sigmoid) needs no option: the loss then takes what goes into it, as in Keras.
   */
  readonly fromLogits?: boolean;
  /** Targets become t (1 - s) + s / classes; for binary losses t (1 - s) + s / 2. Default 0. */
  readonly labelSmoothing?: number;
  /** Of focal losses: how much easy samples are played down. Default 2. */
  readonly gamma?: number;
  /** Of focal losses: weight of the positive class. Default 0.25. */
  readonly alpha?: number;
  /** Of the binary focal loss: whether alpha is applied. Default false. */
  readonly applyClassBalancing?: boolean;
  /** Of huber: where the square becomes a line. Default 1. */
  readonly delta?: number;
}

type AllOptions = Required<LossOptions>;

interface Kind {
  /** Keras's name of the class. */
  readonly className: string;
  /** Other names that Keras knows. */
  readonly aliases: readonly string[];
  /** Whether targets are class numbers, or values in the shape of the model's result. */
  readonly targets: 'classes' | 'probabilities' | 'values';
  /** The activation at the end of a model that the loss takes upon itself. */
  readonly fuses?: 'softmax' | 'sigmoid';
  /** The options it takes, with their defaults. */
  readonly defaults: LossOptions;
  readonly values: (output: Tensor, target: Tensor, options: AllOptions) => Tensor;
}

function crossEntropy(output: Tensor, target: Tensor, options: AllOptions): Tensor {
  const { fromLogits, labelSmoothing } = options;
  const op = fromLogits ? softmaxCrossEntropy : categoricalCrossEntropy;
  return op(output, target, { labelSmoothing });
}

const LOGITS = { fromLogits: false };
const SMOOTH = { ...LOGITS, labelSmoothing: 0 };
const FOCAL = { ...SMOOTH, gamma: 2, alpha: 0.25 };

const kinds = {
  categoricalCrossentropy: {
    className: 'CategoricalCrossentropy',
    aliases: ['categorical_crossentropy'],
    targets: 'probabilities',
    fuses: 'softmax',
    defaults: SMOOTH,
    values: crossEntropy,
  },
  sparseCategoricalCrossentropy: {
    className: 'SparseCategoricalCrossentropy',
    aliases: ['sparse_categorical_crossentropy'],
    targets: 'classes',
    fuses: 'softmax',
    defaults: LOGITS,
    values: crossEntropy,
  },
  binaryCrossentropy: {
    className: 'BinaryCrossentropy',
    aliases: ['binary_crossentropy', 'bce'],
    targets: 'probabilities',
    fuses: 'sigmoid',
    defaults: SMOOTH,
    values: binaryCrossEntropy,
  },
  binaryFocalCrossentropy: {
    className: 'BinaryFocalCrossentropy',
    aliases: ['binary_focal_crossentropy'],
    targets: 'probabilities',
    defaults: { ...FOCAL, applyClassBalancing: false },
    values: binaryFocalCrossEntropy,
  },
  categoricalFocalCrossentropy: {
    className: 'CategoricalFocalCrossentropy',
    aliases: ['categorical_focal_crossentropy'],
    targets: 'probabilities',
    defaults: FOCAL,
    values: categoricalFocalCrossEntropy,
  },
  meanSquaredError: {
    className: 'MeanSquaredError',
    aliases: ['mean_squared_error', 'mse', 'MSE'],
    targets: 'values',
    defaults: {},
    values: meanSquaredError,
  },
  meanAbsoluteError: {
    className: 'MeanAbsoluteError',
    aliases: ['mean_absolute_error', 'mae', 'MAE'],
    targets: 'values',
    defaults: {},
    values: meanAbsoluteError,
  },
  huber: {
    className: 'Huber',
    aliases: ['huber', 'huber_loss'],
    targets: 'values',
    defaults: { delta: 1 },
    values: huber,
  },
  klDivergence: {
    className: 'KLDivergence',
    aliases: ['kl_divergence', 'kld', 'KLD', 'kullback_leibler_divergence'],
    targets: 'probabilities',
    defaults: {},
    values: klDivergence,
  },
  dice: {
    className: 'Dice',
    aliases: ['dice'],
    targets: 'probabilities',
    defaults: {},
    values: (output: Tensor, target: Tensor) => dice(output, target),
  },
} satisfies Readonly<Record<string, Kind>>;

/** The names of the losses. */
export type LossName = keyof typeof kinds;

const names = Object.keys(kinds) as LossName[];

/** Compares results of a model with targets. */
export class Loss {
  readonly options: LossOptions;
  private readonly kind: Kind;

  /** Use `losses` or a name. Throws ARGUMENT for options that the loss does not take. */
  constructor(
    readonly name: LossName,
    options: LossOptions = {},
  ) {
    this.kind = kinds[name];
    const { defaults } = this.kind;
    for (const [key, value] of Object.entries(options)) checkOption(name, defaults, key, value);
    this.options = { ...defaults, ...options };
  }

  /** Class and options, for saving. */
  getConfig(): Serialized {
    return { className: this.kind.className, config: { ...this.options } };
  }

  /** Whether targets are class numbers: int32, one fewer dimension than the result. */
  get isSparse(): boolean {
    return this.kind.targets === 'classes';
  }

  /** Whether a model that ends in `activation` shall leave it to the loss. */
  takesLogitsOf(activation: string): boolean {
    return this.kind.fuses === activation && !this.options.fromLogits;
  }

  /**
   * One value per sample (per position, where a sample has several), not yet averaged.
   *
   * @param isLogits whether the model has left its last activation out
   */
  values(output: Tensor, target: Tensor, isLogits: boolean): Tensor {
    const options = isLogits ? { ...this.options, fromLogits: true } : this.options;
    return this.kind.values(output, target, options as AllOptions);
  }

  /**
   * Checks targets, and brings them to the shape that `values` takes.
   *
   * @param where for errors: 'fit'
   * @param outputShape of one result of the model
   * @throws FoveaError SHAPE for a wrong shape, DATA for a label out of range, NaN or infinity
   */
  checkTargets(where: string, y: HostArray, count: number, outputShape: Shape): HostArray {
    const classes = outputShape.at(-1)!;
    if (this.isSparse && classes === 1) {
      throw new FoveaError(
        'ARGUMENT',
        `${where}: ${this.name} needs a model with several classes`,
        {
          hint: "For one output use 'binaryCrossentropy' with activation 'sigmoid'.",
        },
      );
    }
    const wanted = [count, ...(this.isSparse ? outputShape.slice(0, -1) : outputShape)];
    const target = { data: y.data, shape: wanted };
    if (!fits(y.shape, wanted, this.isSparse || classes === 1)) {
      throw this.shapeError(where, y.shape, wanted, outputShape);
    }
    checkFinite(where, 'y', { data: y.data, shape: y.shape });
    if (this.isSparse) checkClasses(where, y, classes);
    if (this.kind.targets === 'probabilities') checkProbabilities(where, y);
    return target;
  }

  private shapeError(where: string, got: Shape, wanted: Shape, outputShape: Shape): FoveaError {
    const expected = formatBatch(wanted.slice(1));
    const sameRest = sameShape(got.slice(1), wanted.slice(1));
    const message = sameRest
      ? `${where}: x has ${wanted[0] ?? 0} samples, y has ${got[0] ?? 0}`
      : `${where}: y has shape (${got.join(', ')}), ${this.name} expects ${expected}`;
    const oneHot = this.isSparse && sameShape(got.slice(1), outputShape);
    const numbers = this.name === 'categoricalCrossentropy' && got.length === outputShape.length;
    return new FoveaError('SHAPE', message, {
      ...(oneHot && { hint: "One-hot labels go with 'categoricalCrossentropy'." }),
      ...(numbers && { hint: "Class numbers go with 'sparseCategoricalCrossentropy'." }),
    });
  }
}

/** Whether targets have the shape; with `last`, a last dimension of 1 may be there or not. */
function fits(shape: Shape, wanted: Shape, last: boolean): boolean {
  if (sameShape(shape, wanted)) return true;
  return last && sameShape(strip(shape), strip(wanted));
}

function strip(shape: Shape): Shape {
  return shape.length > 1 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape;
}

function checkClasses(where: string, { data, shape }: HostArray, classes: number): void {
  for (let i = 0; i < data.length; i++) {
    const label = data[i]!;
    if (Number.isInteger(label) && label >= 0 && label < classes) continue;
    throw new FoveaError(
      'DATA',
      `${where}: label ${label} at y${position(i, shape)} is outside of 0..${classes - 1}: ` +
        `the model has ${classes} classes`,
      { hint: 'Labels are class numbers from 0; the last layer needs one unit per class.' },
    );
  }
}

function checkProbabilities(where: string, { data, shape }: HostArray): void {
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value >= 0 && value <= 1) continue;
    throw new FoveaError('DATA', `${where}: y${position(i, shape)} is ${value}, not in 0..1`);
  }
}

/** Throws ARGUMENT unless the loss takes such an option. */
function checkOption(loss: string, defaults: LossOptions, key: string, value: unknown): void {
  const expected: unknown = (defaults as Record<string, unknown>)[key];
  if (expected === undefined) {
    const allowed = Object.keys(defaults).join(', ') || 'none';
    throw new FoveaError('ARGUMENT', `${loss}: has no option '${key}'; it takes ${allowed}`);
  }
  const valid = typeof value === typeof expected && (typeof value !== 'number' || value >= 0);
  if (valid && !(key === 'labelSmoothing' && (value as number) >= 1)) return;
  throw new FoveaError(
    'ARGUMENT',
    `${loss}: ${key} must be ${typeof expected === 'number' ? 'a number from 0' : 'true or false'}` +
      `${key === 'labelSmoothing' ? ' and less than 1' : ''}, got ${String(value)}`,
  );
}

/** The losses. */
export const losses = {
  /** -sum(t log p) over the classes; targets are one-hot rows or probabilities. */
  categoricalCrossentropy: make('categoricalCrossentropy'),
  /** -log p[t]; targets are class numbers. */
  sparseCategoricalCrossentropy: make('sparseCategoricalCrossentropy'),
  /** Mean of -(t log p + (1 - t) log(1 - p)) over the outputs; targets are in 0..1. */
  binaryCrossentropy: make('binaryCrossentropy'),
  /** Binary cross-entropy times (1 - p)^gamma. Lin and others, arxiv.org/abs/1708.02002. */
  binaryFocalCrossentropy: make('binaryFocalCrossentropy'),
  /** -sum(alpha (1 - p)^gamma t log p) over the classes. */
  categoricalFocalCrossentropy: make('categoricalFocalCrossentropy'),
  /** Mean of (p - t)^2 over the outputs. */
  meanSquaredError: make('meanSquaredError'),
  /** Mean of |p - t| over the outputs. */
  meanAbsoluteError: make('meanAbsoluteError'),
  /** Half of the square of p - t where that is at most delta, a line beyond; mean over the outputs. */
  huber: make('huber'),
  /** sum(t log(t / p)) over the classes. */
  klDivergence: make('klDivergence'),
  /** 1 - 2 sum(t p) / (sum t + sum p) over the whole batch. */
  dice: make('dice'),
};

function make(name: LossName): (options?: LossOptions) => Loss {
  return (options) => new Loss(name, options);
}

/**
 * The loss itself, or one of that name (Keras's names and short forms too), or what `getConfig()`
 * described. Throws ARGUMENT for unknown names.
 */
export function lossOf(loss: Loss | Serialized | string): Loss {
  if (loss instanceof Loss) return loss;
  const wanted = typeof loss === 'string' ? loss : loss.className;
  const name = names.find((each) => {
    const { className, aliases }: Kind = kinds[each];
    return each === wanted || className === wanted || aliases.includes(wanted);
  });
  if (name) return new Loss(name, typeof loss === 'string' ? {} : loss.config);
  throw new FoveaError(
    'ARGUMENT',
    `loss '${wanted}' is unknown; allowed are ${names.map((each) => `'${each}'`).join(', ')}, or ` +
      'one of losses.* with options',
  );
}
