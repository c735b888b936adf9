import { noGrad } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { concat } from '../ops/index.js';
import { keep, scope } from '../scope.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import {
  batches,
  checkBatchSize,
  checkSamples,
  range,
  sampleRows,
  shapeOf,
  type ArrayInput,
} from './data.js';
import type { CallOptions, Layer, Weight } from './layer.js';
import { lossOf, type Loss, type LossName } from './losses.js';
import { checkMetrics, type MetricName } from './metrics.js';
import { optimizerOf, type Optimizer, type OptimizerName } from './optimizers.js';
import { summarize } from './summary.js';
import {
  evaluate,
  fit,
  type EvaluateOptions,
  type EvaluateResult,
  type FitOptions,
  type History,
} from './train.js';

/** Arguments of `compile`. */
export interface CompileOptions {
  /** A name takes Keras's default options; `optimizers` has factories with options. */
  readonly optimizer: Optimizer | OptimizerName;
  /** A name takes the default options; `losses` has factories with options. */
  readonly loss: Loss | LossName;
  /** Default: none but the loss. */
  readonly metrics?: readonly MetricName[];
}

/** How a model is trained. */
export interface Compiled {
  readonly optimizer: Optimizer;
  readonly loss: Loss;
  readonly metrics: readonly MetricName[];
}

/** Options of `predict`. */
export interface PredictOptions {
  /** Samples that are computed at once. Default 32. */
  readonly batchSize?: number;
}

/** Layers with one input and one output, and everything that can be done with them. */
export abstract class Model {
  /** Shown by `summary()`. */
  abstract readonly name: string;
  /** Of the weights, dropout and shuffling: equal seeds give equal trainings. */
  abstract readonly seed: number;
  /** The layers, without the input. */
  abstract readonly layers: readonly Layer[];
  /** Of one sample. Throws before `build`. */
  abstract readonly inputShape: Shape;
  /** Of one result. Throws before `build`. */
  abstract readonly outputShape: Shape;
  /** The activation at the end of the model; 'linear' where there is none. */
  abstract readonly activationName: string;
  /** Number of epochs trained so far, over all calls of `fit`. */
  epochsTrained = 0;
  private how: Compiled | undefined;

  /** Makes the weights. Done by itself where the model begins with an input layer. */
  abstract build(inputShape: Shape): void;

  /** Whether the weights were made. */
  abstract readonly isBuilt: boolean;

  /** Runs the model on a batch; on the tape, as any operation. */
  abstract call(x: Tensor, options?: CallOptions): Tensor;

  /** Result of the layer of that name in inference, for a batch. */
  abstract outputsOf(x: Tensor, layerName: string): Tensor;

  /** All weights, layer by layer, in Keras's order. */
  get weights(): readonly Weight[] {
    return this.layers.flatMap((layer) => layer.weights);
  }

  /** The weights that optimizers update. */
  get trainableWeights(): readonly Weight[] {
    return this.weights.filter((weight) => weight.trainable);
  }

  /** Number of values in all weights. */
  countParams(): number {
    return this.weights.reduce((sum, { value }) => sum + value.size, 0);
  }

  /** The layer of that name, or at that position. Throws ARGUMENT when there is none. */
  getLayer(nameOrIndex: string | number): Layer {
    const found =
      typeof nameOrIndex === 'number'
        ? this.layers.at(nameOrIndex)
        : this.layers.find(({ name }) => name === nameOrIndex);
    if (found) return found;
    throw new FoveaError(
      'ARGUMENT',
      `${this.name}: there is no layer ${JSON.stringify(nameOrIndex)}`,
      {
        hint: `The layers are ${this.layers.map(({ name }) => name).join(', ')}.`,
      },
    );
  }

  /**
   * Chooses how the model is trained. Steps and averages of an optimizer given before are lost,
   * unless the same one is given again.
   *
   * @throws FoveaError ARGUMENT for an unknown optimizer, loss or metric
   */
  compile({ optimizer, loss, metrics = [] }: CompileOptions): void {
    const how = {
      optimizer: optimizerOf(optimizer),
      loss: lossOf(loss),
      metrics: checkMetrics(metrics),
    };
    if (this.how && this.how.optimizer !== how.optimizer) this.how.optimizer.dispose();
    this.how = how;
  }

  /** What `compile` chose; undefined before. */
  get compiled(): Compiled | undefined {
    return this.how;
  }

  /**
   * Trains the model.
   *
   * @param x samples [n, ...inputShape]: a tensor, or `{ data, shape }`
   * @param y targets, one per sample; their shape depends on the loss
   * @returns loss and metrics of every epoch
   * @throws FoveaError when data, shapes and options do not fit the model; what `signal` says when
   *   it is aborted: the model then has the weights of the last finished step
   */
  fit(x: ArrayInput, y: ArrayInput, options: FitOptions = {}): Promise<History> {
    return fit(this, x, y, options);
  }

  /** Loss and metrics in inference. Arguments are those of `fit`. */
  evaluate(x: ArrayInput, y: ArrayInput, options: EvaluateOptions = {}): Promise<EvaluateResult> {
    return evaluate(this, x, y, options);
  }

  /**
   * Results for many samples, computed in batches.
   *
   * @param x samples [n, ...inputShape]: a tensor, or `{ data, shape }`
   * @returns a tensor [n, ...outputShape], to be disposed by the caller
   */
  async predict(x: ArrayInput, { batchSize = 32 }: PredictOptions = {}): Promise<Tensor> {
    checkBatchSize('predict', batchSize);
    this.ensureBuilt(shapeOf(x));
    checkSamples('predict', shapeOf(x), this.inputShape);
    const rows = await sampleRows('predict', x);
    try {
      const parts = batches(range(0, rows.count), batchSize).map((indices) =>
        scope(() => noGrad(() => this.call(rows.take(indices)))),
      );
      const result = keep(parts.length === 1 ? parts[0]! : scope(() => concat(parts, 0)));
      for (const part of parts) if (part !== result) part.dispose();
      return result;
    } finally {
      rows.dispose();
    }
  }

  /** Builds a model without input layer for the samples of a batch. */
  ensureBuilt(batchShape: Shape): void {
    if (!this.isBuilt) this.build(batchShape.slice(1));
  }

  /**
   * The table of layers, as Keras prints it.
   *
   * @param print takes the text; default: console.log
   * @returns the text
   */
  summary({ print = console.log }: { print?: (text: string) => void } = {}): string {
    const text = summarize(this);
    print(text);
    return text;
  }

  /** Frees the weights and what the optimizer keeps. */
  dispose(): void {
    for (const layer of this.layers) layer.dispose();
    this.how?.optimizer.dispose();
  }
}
