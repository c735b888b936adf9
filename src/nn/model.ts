import { noGrad } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { defaultDevice, noteMissingF16 } from '../gpu/init.js';
import { cast, concat } from '../ops/index.js';
import { isMixed, withPrecision } from '../precision.js';
import { keep, scope } from '../scope.js';
import { formatShape, sameShape, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { checkBatchSize, inputRows, type Inputs } from './data.js';
import { Dataset } from './dataset.js';
import type { Batch } from './feed.js';
import { Graph, type SymbolicTensor } from './graph.js';
import { Layer, only, type CallOptions, type Weight } from './layer.js';
import { InputLayer } from './layers/core.js';
import { KEEP_BYTES, Replay } from './replay.js';
import { compiledOf, type Compiled, type CompileOptions } from './compile.js';
import { summarize, type SummaryOptions } from './summary.js';
import {
  evaluate,
  fit,
  type DatasetEvaluateOptions,
  type DatasetFitOptions,
  type EvaluateOptions,
  type EvaluateResult,
  type FitOptions,
  type History,
} from './train.js';
import { warmup, type WarmupOptions, type WarmupResult } from './warmup.js';

/** Options of every kind of model. */
export interface ModelOptions {
  readonly name?: string | undefined;
  /** An integer from 0: of the weights, dropout and shuffling. Default: another one each time. */
  readonly seed?: number | undefined;
  /** Whether weights get initial values; false leaves them zero, to be loaded. Default true. */
  readonly initialize?: boolean | undefined;
}

/** Options of `predict`. */
export interface PredictOptions {
  /** Samples that are computed at once. Default 32. */
  readonly batchSize?: number;
  /** Stops between two batches. */
  readonly signal?: AbortSignal;
}

/**
 * A network of layers, and everything that can be done with it. It is a layer itself, and can be
 * part of another network.
 */
export abstract class Model extends Layer {
  /** Of the weights, dropout and shuffling: equal seeds give equal trainings. */
  abstract readonly seed: number;
  /** The layers in Keras's order. */
  abstract readonly layers: readonly Layer[];
  /** What is computed from what. Throws while the shapes are unknown. */
  abstract readonly graph: Graph;
  /** Number of epochs trained so far, over all calls of `fit`. */
  epochsTrained = 0;
  private how: Compiled | undefined;
  private readonly prediction = new Replay(KEEP_BYTES);

  /** Builds a model whose input shape is unknown for samples of that shape. */
  abstract ensureBuilt(sampleShape: Shape): void;

  /** The tensors that go in. */
  get inputs(): readonly SymbolicTensor[] {
    return this.graph.inputs;
  }

  /** The tensors that come out. */
  get outputs(): readonly SymbolicTensor[] {
    return this.graph.outputs;
  }

  /** Names of the inputs: of their layers. */
  get inputNames(): readonly string[] {
    return this.inputs.map(({ name }) => name);
  }

  /** Names of the outputs: of the layers that make them. */
  get outputNames(): readonly string[] {
    return this.outputs.map(({ name }) => name);
  }

  /** Of one sample, for models with one input. */
  get inputShape(): Shape {
    return only(`${this.name}: inputShape`, this.inputs).shape;
  }

  /** Of one result, for models with one output. */
  get outputShape(): Shape {
    return this.output.shape;
  }

  /** The result as a tensor that is not computed yet, for models with one output. */
  override get output(): SymbolicTensor {
    return only(`${this.name}: output`, this.outputs, 'output');
  }

  /** The activation at the end of a model with one output; 'linear' where there is none. */
  override get activationName(): string {
    return this.outputs.length === 1 ? this.activationOf(this.outputs[0]!) : 'linear';
  }

  /** The activation that makes one of the outputs, and nothing else depends on. */
  activationOf(output: SymbolicTensor): string {
    return this.graph.isEnd(output) ? output.source.layer.activationName : 'linear';
  }

  override get trainable(): boolean {
    return super.trainable;
  }

  /** Also sets it for every layer, as in Keras. */
  override set trainable(trainable: boolean) {
    super.trainable = trainable;
    for (const layer of this.layers) layer.trainable = trainable;
  }

  /** All weights, layer by layer, in Keras's order; those of a model inside begin with its name. */
  override get weights(): readonly Weight[] {
    return this.layers.flatMap((layer) =>
      layer instanceof Model
        ? layer.weights.map((weight) => ({ ...weight, name: `${layer.name}/${weight.name}` }))
        : layer.weights,
    );
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

  override computeOutputShapes(inputShapes: readonly Shape[]): readonly Shape[] {
    return this.graphFor(inputShapes).outputs.map(({ shape }) => shape);
  }

  /**
   * Its graph for inputs of such shapes.
   *
   * @throws FoveaError SHAPE unless there is one shape for each input, and it fits
   */
  graphFor(inputShapes: readonly Shape[]): Graph {
    if (inputShapes.length === 1) this.ensureBuilt(inputShapes[0]!);
    const { graph } = this;
    if (inputShapes.length !== graph.inputs.length) {
      throw new FoveaError(
        'SHAPE',
        `${this.name}: takes ${graph.inputs.length} inputs, got ${inputShapes.length}`,
      );
    }
    const isOwn = graph.inputs.map(({ name, shape, source }, i) => {
      const given = inputShapes[i]!;
      if (sameShape(shape, given)) return true;
      if (source.layer instanceof InputLayer && source.layer.takes(given)) return false;
      throw new FoveaError(
        'SHAPE',
        `${this.name}: input '${name}' takes samples of shape ${formatShape(shape)}, got ` +
          formatShape(given),
      );
    });
    if (!isOwn.includes(false)) return graph;
    const inputs = inputShapes.map((shape) => new InputLayer({ shape }).apply([]));
    return new Graph(inputs, graph.applyTo(inputs));
  }

  override computeOutputShape(): Shape {
    return this.output.shape;
  }

  override callAll(inputs: readonly Tensor[], options: CallOptions = {}): readonly Tensor[] {
    const { logits, ...rest } = options;
    return this.compute(inputs, rest, logits ? this.outputs : []);
  }

  /** Runs a model with one input and one output on a batch; on the tape, as any operation. */
  override call(x: Tensor, options: CallOptions = {}): Tensor {
    if (!this.isBuilt) this.ensureBuilt(x.shape.slice(1));
    return only(`${this.name}: call`, this.callAll([x], options), 'output');
  }

  /**
   * Runs the model.
   *
   * @param inputs one batch for each input
   * @param logits the outputs to be left without their last activation
   */
  compute(
    inputs: readonly Tensor[],
    options: CallOptions,
    logits: readonly SymbolicTensor[],
  ): readonly Tensor[] {
    const outputs = this.inPrecision(() =>
      this.graph.run(inputs, this.outputs, options, new Set(logits)),
    );
    return inFloat32(outputs, inputs);
  }

  /**
   * Result of a layer in inference, for a batch.
   *
   * @param x a batch; a list of them for models with several inputs
   * @throws FoveaError ARGUMENT when there is no such layer, or it has several results
   */
  outputsOf(x: Tensor | readonly Tensor[], layerName: string): Tensor {
    const inputs = x instanceof Array ? x : [x];
    if (inputs.length === 1) this.ensureBuilt(inputs[0]!.shape.slice(1));
    const wanted = this.graph.resultOf(this.getLayer(layerName));
    return this.inPrecision(() =>
      scope(() => noGrad(() => inFloat32(this.graph.run(inputs, [wanted], {}), inputs)[0]!)),
    );
  }

  /**
   * Chooses how the model is trained. Steps and averages of an optimizer given before are lost,
   * unless the same one is given again.
   *
   * @throws FoveaError ARGUMENT for an unknown optimizer, loss, metric or precision
   */
  compile(options: CompileOptions): void {
    const how = compiledOf(options);
    if (this.how && this.how.optimizer !== how.optimizer) this.how.optimizer.dispose();
    this.how?.lossScale.dispose();
    this.how = how;
    if (how.precision === 'mixed') noteMissingF16();
    this.prediction.dispose();
  }

  /** What `compile` chose; undefined before. */
  get compiled(): Compiled | undefined {
    return this.how;
  }

  /**
   * Trains the model.
   *
   * @param x samples [n, ...inputShape]: a tensor, or `{ data, shape }`. Of models with several
   *   inputs a list in their order, or an object with their names as keys
   * @param y targets, one per sample; their shape depends on the loss. Of models with several
   *   outputs a list or an object, as for `x`
   * @returns loss and metrics of every epoch
   * @throws FoveaError when data, shapes and options do not fit the model; what `signal` says when
   *   it is aborted: the model then has the weights of the last finished step
   */
  fit(x: Inputs, y: Inputs, options?: FitOptions): Promise<History>;
  /**
   * Trains the model on batches `{ x, y }` of a data set, each made when it is needed.
   *
   * @throws FoveaError as above; DATA when nothing of the data set could be read
   */
  fit(dataset: Dataset<Batch>, options?: DatasetFitOptions): Promise<History>;
  fit(
    x: Inputs | Dataset<Batch>,
    y: Inputs | DatasetFitOptions = {},
    options: FitOptions = {},
  ): Promise<History> {
    if (x instanceof Dataset) return fit(this, x, undefined, y as DatasetFitOptions);
    return fit(this, x, y as Inputs, options);
  }

  /** Loss and metrics in inference. Arguments are those of `fit`. */
  evaluate(x: Inputs, y: Inputs, options?: EvaluateOptions): Promise<EvaluateResult>;
  evaluate(dataset: Dataset<Batch>, options?: DatasetEvaluateOptions): Promise<EvaluateResult>;
  evaluate(
    x: Inputs | Dataset<Batch>,
    y: Inputs | DatasetEvaluateOptions = {},
    options: EvaluateOptions = {},
  ): Promise<EvaluateResult> {
    if (x instanceof Dataset) return evaluate(this, x, undefined, y as DatasetEvaluateOptions);
    return evaluate(this, x, y as Inputs, options);
  }

  /**
   * Results for many samples, computed in batches, for models with one output.
   *
   * @param x as for `fit`; or a data set of batches with `x`, whose size then decides
   * @returns a tensor [n, ...outputShape], to be disposed by the caller
   */
  async predict(
    x: Inputs | Dataset<Pick<Batch, 'x'>>,
    options: PredictOptions = {},
  ): Promise<Tensor> {
    const results = await this.predictAll(x, options);
    if (results.length > 1) for (const tensor of results) tensor.dispose();
    return only(`${this.name}: predict`, results, 'output');
  }

  /** `predict` for models with several outputs: one tensor for each. */
  async predictAll(
    x: Inputs | Dataset<Pick<Batch, 'x'>>,
    options: PredictOptions = {},
  ): Promise<readonly Tensor[]> {
    const { batchSize = 32, signal } = options;
    checkBatchSize('predict', batchSize);
    const parts: (readonly Tensor[])[] = [];
    try {
      if (x instanceof Dataset) {
        for await (const batch of x) {
          await this.predictRows(batch.x, Infinity, parts, signal);
          // The next batch shall not be made before the GPU has come near.
          await defaultDevice().recorder.finish();
        }
      } else {
        await this.predictRows(x, batchSize, parts, signal);
      }
      if (parts.length === 0) {
        throw new FoveaError('DATA', 'predict: nothing of the data set could be read');
      }
      return this.outputs.map((_, i) => {
        const column = parts.map((part) => part[i]!);
        return keep(column.length === 1 ? column[0]!.detach() : scope(() => concat(column, 0)));
      });
    } finally {
      for (const part of parts) for (const tensor of part) tensor.dispose();
    }
  }

  /** Adds the results of samples to `parts`, batch by batch. */
  private async predictRows(
    x: Inputs,
    batchSize: number,
    parts: (readonly Tensor[])[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { rows, count } = await inputRows('predict', this, x);
    try {
      for (let first = 0; first < count; first += batchSize) {
        signal?.throwIfAborted();
        const end = Math.min(first + batchSize, count);
        const inputs = rows.map((each) => each.slice(first, end));
        try {
          const key = this.replayKey(inputs.map(({ shape }) => shape.join()).join(';'));
          const call = (xs: readonly Tensor[]): readonly Tensor[] => noGrad(() => this.callAll(xs));
          await this.prediction.prepare(key, inputs, call);
          parts.push(this.prediction.run(key, inputs, call));
        } finally {
          for (const each of inputs) each.dispose();
        }
      }
    } finally {
      for (const each of rows) each.dispose();
    }
  }

  /**
   * Compiles everything that a prediction or a training step needs, several pipelines at a time, and
   * runs it once, so that the first call is as fast as later ones. Nothing changes by that: weights,
   * what the optimizer keeps, numbers of steps and epochs stay as they are.
   *
   * @throws FoveaError ARGUMENT with `training` before `compile`, SHAPE for another input shape than
   *   the model has; what `signal` says when it is aborted
   */
  warmup(options: WarmupOptions = {}): Promise<WarmupResult> {
    return warmup(this, options);
  }

  /** Prints the table of layers, as Keras does, and returns it. */
  summary(options: SummaryOptions = {}): string {
    const text = summarize(this, options);
    (options.print ?? console.log)(text);
    return text;
  }

  /**
   * Stands for the commands that the model runs, for `Replay`: changes with what is trained.
   *
   * @param shapes of what it runs on
   * @returns undefined when the model was compiled to run its layers at each step
   */
  replayKey(shapes: string): string | undefined {
    if (this.how?.runEagerly) return undefined;
    const flags = [...this.allLayers(), ...this.weights].map(({ trainable }) => Number(trainable));
    return `${shapes} ${flags.join('')} ${this.isMixed ? 'mixed' : 'float32'}`;
  }

  /** Whether the products of the model round their operands to float16. */
  get isMixed(): boolean {
    return this.inPrecision(() => isMixed(defaultDevice()));
  }

  private inPrecision<T>(fn: () => T): T {
    return withPrecision(this.how?.precision, fn);
  }

  private allLayers(): Layer[] {
    return this.layers.flatMap((layer) =>
      layer instanceof Model ? [layer, ...layer.allLayers()] : [layer],
    );
  }

  /** Frees the weights, what the optimizer keeps, and what is kept for the next prediction. */
  override dispose(): void {
    this.prediction.dispose();
    for (const layer of this.layers) layer.dispose();
    this.how?.optimizer.dispose();
    this.how?.lossScale.dispose();
  }
}

/** Results as models give them, also where their layers store float16. One may come twice, or be an input. */
function inFloat32(outputs: readonly Tensor[], inputs: readonly Tensor[]): readonly Tensor[] {
  const results = new Map<Tensor, Tensor>();
  for (const y of new Set(outputs)) {
    if (y.dtype !== 'float16') continue;
    results.set(y, cast(y, 'float32'));
    if (!inputs.includes(y)) y.dispose();
  }
  return outputs.map((y) => results.get(y) ?? y);
}
