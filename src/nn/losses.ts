import { FoveaError } from '../errors.js';
import {
  binaryCrossEntropy,
  categoricalCrossEntropy,
  meanSquaredError,
  softmaxCrossEntropy,
} from '../ops/index.js';
import { sameShape, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { checkFinite, formatBatch, position, type HostArray } from './data.js';

/** Options of the cross-entropies. */
export interface LossOptions {
  /**
   * Whether the model's results are logits. Default false. A model that ends in softmax (for the
   * binary loss: sigmoid) needs no option: the loss then takes what goes into it, as in Keras.
   */
  readonly fromLogits?: boolean;
  /** Targets become t (1 - s) + s / classes; for the binary loss t (1 - s) + s / 2. Default 0. */
  readonly labelSmoothing?: number;
}

/** The names of the losses. */
export type LossName =
  | 'categoricalCrossentropy'
  | 'sparseCategoricalCrossentropy'
  | 'binaryCrossentropy'
  | 'meanSquaredError';

interface Kind {
  /** Whether targets are class numbers, or values in the shape of the model's result. */
  readonly targets: 'classes' | 'probabilities' | 'values';
  /** The activation at the end of a model that the loss takes upon itself. */
  readonly fuses: 'softmax' | 'sigmoid' | undefined;
  readonly values: (output: Tensor, target: Tensor, options: Required<LossOptions>) => Tensor;
}

function crossEntropy(output: Tensor, target: Tensor, options: Required<LossOptions>): Tensor {
  const { fromLogits, labelSmoothing } = options;
  const op = fromLogits ? softmaxCrossEntropy : categoricalCrossEntropy;
  return op(output, target, { labelSmoothing });
}

const kinds: Readonly<Record<LossName, Kind>> = {
  categoricalCrossentropy: { targets: 'probabilities', fuses: 'softmax', values: crossEntropy },
  sparseCategoricalCrossentropy: { targets: 'classes', fuses: 'softmax', values: crossEntropy },
  binaryCrossentropy: { targets: 'probabilities', fuses: 'sigmoid', values: binaryCrossEntropy },
  meanSquaredError: { targets: 'values', fuses: undefined, values: meanSquaredError },
};

/** Compares results of a model with targets. */
export class Loss {
  readonly options: Required<LossOptions>;
  private readonly kind: Kind;

  /** Use `losses` or a name. */
  constructor(
    readonly name: LossName,
    { fromLogits = false, labelSmoothing = 0 }: LossOptions = {},
  ) {
    if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
      throw new FoveaError(
        'ARGUMENT',
        `${name}: labelSmoothing must be at least 0 and less than 1, got ${String(labelSmoothing)}`,
      );
    }
    this.options = { fromLogits, labelSmoothing };
    this.kind = kinds[name];
  }

  /** Whether targets are class numbers: int32, one fewer dimension than the result. */
  get isSparse(): boolean {
    return this.kind.targets === 'classes';
  }

  /** Whether a model that ends in `activation` shall leave it to the loss. */
  takesLogitsOf(activation: string): boolean {
    return this.kind.fuses === activation;
  }

  /**
   * One value per sample (per position, where a sample has several), not yet averaged.
   *
   * @param isLogits whether the model has left its last activation out
   */
  values(output: Tensor, target: Tensor, isLogits: boolean): Tensor {
    const fromLogits = isLogits || this.options.fromLogits;
    return this.kind.values(output, target, { ...this.options, fromLogits });
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

/** The losses. */
export const losses = {
  /** -sum(t log p) over the classes; targets are one-hot rows or probabilities. */
  categoricalCrossentropy: (options?: LossOptions): Loss =>
    new Loss('categoricalCrossentropy', options),
  /** -log p[t]; targets are class numbers. */
  sparseCategoricalCrossentropy: (options?: LossOptions): Loss =>
    new Loss('sparseCategoricalCrossentropy', options),
  /** Mean of -(t log p + (1 - t) log(1 - p)) over the outputs; targets are in 0..1. */
  binaryCrossentropy: (options?: LossOptions): Loss => new Loss('binaryCrossentropy', options),
  /** Mean of (p - t)^2 over the outputs. */
  meanSquaredError: (): Loss => new Loss('meanSquaredError'),
};

/** The loss itself, or one of that name. Throws ARGUMENT for unknown names. */
export function lossOf(loss: Loss | LossName): Loss {
  if (loss instanceof Loss) return loss;
  if (Object.hasOwn(kinds, loss)) return new Loss(loss);
  throw new FoveaError(
    'ARGUMENT',
    `loss '${loss}' is unknown; allowed are ${Object.keys(kinds)
      .map((name) => `'${name}'`)
      .join(', ')}, or one of losses.* with options`,
  );
}
