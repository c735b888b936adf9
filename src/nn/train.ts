import { noGrad } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { defaultDevice } from '../gpu/init.js';
import { mean, sigmoid } from '../ops/index.js';
import { scope } from '../scope.js';
import { Tensor } from '../tensor.js';
import { Random } from '../random.js';
import {
  batches,
  checkFinite,
  checkSamples,
  hostArray,
  range,
  rowsOf,
  type ArrayInput,
  type Rows,
} from './data.js';
import { accuracy, RunningMeans } from './metrics.js';
import { checkBatchSize, type Compiled, type Model } from './model.js';
import { Progress, type Logs, type Verbose } from './progress.js';
import { deriveSeed, STREAM } from './seeds.js';

/** Options of `evaluate`. */
export interface EvaluateOptions {
  /** Samples that are computed at once. Default 32. */
  readonly batchSize?: number;
  /** 0: silent; 1: a bar; 2: one line; 'auto' (the default): a bar on a terminal, else a line. */
  readonly verbose?: Verbose;
  /** Stops between two batches. */
  readonly signal?: AbortSignal;
}

/** What `evaluate` returns: the mean loss, and the metrics that `compile` named. */
export interface EvaluateResult {
  readonly loss: number;
  readonly accuracy?: number;
}

/** Hooks into `fit`. */
export interface FitCallback {
  /** After each epoch, with its loss and metrics; awaited. */
  onEpochEnd(epoch: number, logs: Logs): void | Promise<void>;
}

/** Options of `fit`. */
export interface FitOptions extends EvaluateOptions {
  /** How often all samples are gone through. Default 1. */
  readonly epochs?: number;
  /** The last share of the samples is not trained on, but evaluated after each epoch. */
  readonly validationSplit?: number;
  /** Samples and targets that are evaluated after each epoch; overrides `validationSplit`. */
  readonly validationData?: readonly [x: ArrayInput, y: ArrayInput];
  /** Whether the samples are put into another order for each epoch. Default true. */
  readonly shuffle?: boolean;
  /** Of shuffling and dropout. Default: the model's seed. */
  readonly seed?: number;
  readonly callbacks?: readonly FitCallback[];
}

/** What `fit` returns. */
export interface History {
  /** Numbers of the epochs, from 0. */
  readonly epoch: readonly number[];
  /** One list per value, with one entry per epoch: loss, accuracy, valLoss, valAccuracy. */
  readonly history: Readonly<Record<string, readonly number[]>>;
}

/** Samples with their targets, checked. */
interface Examples {
  readonly x: Rows;
  readonly y: Rows;
  /** Which of the rows. */
  readonly indices: Int32Array;
}

/** See `Model.fit`. */
export async function fit(
  model: Model,
  x: ArrayInput,
  y: ArrayInput,
  options: FitOptions,
): Promise<History> {
  const { epochs = 1, verbose = 'auto', callbacks = [] } = options;
  checkFitOptions(options);
  const session = new Session('fit', model, options);
  try {
    const [train, validation] = await session.load(x, y, options);
    session.checkTrainable();
    const history: Record<string, number[]> = {};
    for (let epoch = 0; epoch < epochs; epoch++) {
      const steps = Math.ceil(train.indices.length / session.batchSize);
      const progress = new Progress(steps, verbose, `Epoch ${epoch + 1}/${epochs}`);
      const own = await session.trainEpoch(train, progress, options);
      const logs = { ...own, ...(validation && (await session.validate(validation))) };
      progress.end(logs);
      for (const [key, value] of Object.entries(logs)) (history[key] ??= []).push(value);
      for (const callback of callbacks) await callback.onEpochEnd(epoch, logs);
    }
    return { epoch: [...range(0, epochs)], history };
  } finally {
    session.dispose();
  }
}

/** See `Model.evaluate`. */
export async function evaluate(
  model: Model,
  x: ArrayInput,
  y: ArrayInput,
  options: EvaluateOptions,
): Promise<EvaluateResult> {
  checkBatchSize('evaluate', options.batchSize ?? 32);
  const session = new Session('evaluate', model, options);
  try {
    const [examples] = await session.load(x, y, {});
    const steps = Math.ceil(examples.indices.length / session.batchSize);
    const progress = new Progress(steps, options.verbose ?? 'auto');
    const result = await session.evaluate(examples, progress);
    progress.end(result);
    return result as Logs & EvaluateResult;
  } finally {
    session.dispose();
  }
}

/** One call of `fit` or `evaluate`: what it uploads and counts, freed at its end. */
class Session {
  readonly batchSize: number;
  private readonly how: Compiled;
  private readonly means: RunningMeans;
  private readonly rows: Rows[] = [];
  private readonly pace = new Pace();
  private readonly signal: AbortSignal | undefined;

  constructor(
    private readonly where: string,
    private readonly model: Model,
    { batchSize = 32, signal }: EvaluateOptions,
  ) {
    if (!model.compiled) {
      throw new FoveaError('ARGUMENT', `${where}: the model is not compiled`, {
        hint: 'Call compile({ optimizer, loss, metrics }) first.',
      });
    }
    this.how = model.compiled;
    this.batchSize = batchSize;
    this.signal = signal;
    this.means = new RunningMeans(1 + this.how.metrics.length);
  }

  dispose(): void {
    this.means.dispose();
    for (const rows of this.rows) rows.dispose();
  }

  checkTrainable(): void {
    if (this.model.trainableWeights.length > 0) return;
    throw new FoveaError('ARGUMENT', `${this.where}: no weight of the model is trainable`);
  }

  /** Checks and uploads the data. The second entry is what is evaluated after each epoch. */
  async load(
    x: ArrayInput,
    y: ArrayInput,
    { validationSplit = 0, validationData }: FitOptions,
  ): Promise<[Examples, Examples | undefined]> {
    const all = await this.examples(x, y);
    if (validationData) {
      const [valX, valY] = validationData;
      return [all, await this.examples(valX, valY)];
    }
    if (validationSplit === 0) return [all, undefined];
    const count = all.indices.length;
    const split = Math.floor(count * (1 - validationSplit));
    if (split === 0 || split === count) {
      throw new FoveaError(
        'DATA',
        `fit: validationSplit ${validationSplit} of ${count} samples leaves ${split} to train on ` +
          `and ${count - split} to evaluate`,
      );
    }
    const part = (indices: Int32Array): Examples => ({ ...all, indices });
    return [part(all.indices.slice(0, split)), part(all.indices.slice(split))];
  }

  private async examples(x: ArrayInput, y: ArrayInput): Promise<Examples> {
    const { model, where } = this;
    const xHost = await hostArray(`${where}: x`, x);
    const yHost = await hostArray(`${where}: y`, y);
    model.ensureBuilt(xHost.shape);
    checkSamples(where, xHost.shape, model.inputShape);
    checkFinite(where, 'x', xHost);
    const { loss } = this.how;
    const count = xHost.shape[0]!;
    const targets = loss.checkTargets(where, yHost, count, model.outputShape);
    const onGpu = x instanceof Tensor && x.dtype === 'float32';
    const rows = {
      x: rowsOf(onGpu ? x : xHost, 'float32'),
      y: rowsOf(targets, loss.isSparse ? 'int32' : 'float32'),
    };
    this.rows.push(rows.x, rows.y);
    return { ...rows, indices: range(0, count) };
  }

  /** One pass over the training examples. Values are those before each update, as in Keras. */
  async trainEpoch(
    train: Examples,
    progress: Progress,
    { shuffle = true, seed = this.model.seed }: FitOptions,
  ): Promise<Logs> {
    const { model } = this;
    const order = train.indices.slice();
    if (shuffle) new Random(deriveSeed(seed, STREAM.epochs, model.epochsTrained)).shuffle(order);
    await this.pass(order, progress, (indices) => this.trainStep(train, indices, seed));
    model.epochsTrained++;
    return this.read();
  }

  private trainStep({ x, y }: Examples, indices: Int32Array, seed: number): void {
    const { optimizer, loss } = this.how;
    const stepSeed = deriveSeed(seed, STREAM.steps, optimizer.iterations);
    const [output, target] = this.forward(x.take(indices), y.take(indices), stepSeed);
    const values = loss.values(output, target, this.leavesActivation);
    mean(values).backward();
    optimizer.apply(this.model.weights);
    this.count(values, output, target);
  }

  /** Loss and metrics of examples in inference. */
  async evaluate({ x, y, indices }: Examples, progress: Progress): Promise<Logs> {
    await this.pass(indices, progress, (some) =>
      noGrad(() => {
        const [output, target] = this.forward(x.take(some), y.take(some));
        this.count(this.how.loss.values(output, target, this.leavesActivation), output, target);
      }),
    );
    return this.read();
  }

  /** `evaluate` with the names that a history has for it. */
  async validate(examples: Examples): Promise<Logs> {
    const logs = await this.evaluate(examples, new Progress(1, 0));
    const named = (key: string): string => `val${key[0]!.toUpperCase()}${key.slice(1)}`;
    return Object.fromEntries(Object.entries(logs).map(([key, value]) => [named(key), value]));
  }

  /** Whether the loss takes the model's last activation upon itself. */
  private get leavesActivation(): boolean {
    return this.how.loss.takesLogitsOf(this.model.activationName);
  }

  private forward(x: Tensor, target: Tensor, seed?: number): readonly [Tensor, Tensor] {
    const training = seed === undefined ? {} : { training: true, seed };
    return [this.model.call(x, { ...training, logits: this.leavesActivation }), target];
  }

  private count(values: Tensor, output: Tensor, target: Tensor): void {
    this.means.add(0, values);
    this.how.metrics.forEach((_, i) => {
      const binary = this.leavesActivation && this.model.activationName === 'sigmoid';
      const pred = binary ? noGrad(() => sigmoid(output)) : output;
      this.means.add(i + 1, accuracy(pred, target));
    });
  }

  private async pass(
    order: Int32Array,
    progress: Progress,
    step: (indices: Int32Array) => void,
  ): Promise<void> {
    this.means.reset();
    let done = 0;
    for (const indices of batches(order, this.batchSize)) {
      this.signal?.throwIfAborted();
      scope(() => step(indices));
      await this.pace.keep();
      if (progress.wantsValues()) progress.show(await this.read());
      progress.step(++done);
    }
  }

  private async read(): Promise<Logs> {
    const [loss, ...metrics] = await this.means.read();
    const named = this.how.metrics.map((name, i) => [name, metrics[i]!] as const);
    return { loss: loss!, ...Object.fromEntries(named) };
  }
}

/** Lets the host be at most two steps ahead of the GPU, and gives other tasks a turn. */
class Pace {
  private readonly open: Promise<unknown>[] = [];

  async keep(): Promise<void> {
    const step = defaultDevice().recorder.finish();
    step.catch(() => undefined);
    this.open.push(step);
    if (this.open.length > 2) await this.open.shift();
  }
}

function checkFitOptions({ epochs = 1, batchSize = 32, validationSplit = 0 }: FitOptions): void {
  checkBatchSize('fit', batchSize);
  if (!Number.isInteger(epochs) || epochs < 1) {
    throw new FoveaError(
      'ARGUMENT',
      `fit: epochs must be a positive integer, got ${String(epochs)}`,
    );
  }
  if (!(validationSplit >= 0 && validationSplit < 1)) {
    throw new FoveaError(
      'ARGUMENT',
      `fit: validationSplit must be at least 0 and less than 1, got ${String(validationSplit)}`,
    );
  }
}
