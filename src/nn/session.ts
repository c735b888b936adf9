import { noGrad } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { defaultDevice } from '../gpu/init.js';
import { mean, sigmoid } from '../ops/index.js';
import { Random } from '../random.js';
import { scope } from '../scope.js';
import type { Tensor } from '../tensor.js';
import {
  batches,
  checkFinite,
  checkSamples,
  hostArray,
  range,
  sampleRows,
  targetRows,
  type ArrayInput,
  type Rows,
} from './data.js';
import type { CallOptions } from './layer.js';
import { accuracy, RunningMeans } from './metrics.js';
import type { Compiled, Model } from './model.js';
import type { Progress } from './progress.js';
import { deriveSeed, STREAM } from './seeds.js';
import type { EvaluateOptions, EvaluateResult, FitOptions } from './train.js';

/** Samples with their targets, checked. */
export interface Examples {
  readonly x: Rows;
  readonly y: Rows;
  /** Which of the rows. */
  readonly indices: Int32Array;
}

/** One call of `fit` or `evaluate`: what it uploads and counts, freed at its end. */
export class Session {
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

  /** Frees what was uploaded. */
  dispose(): void {
    this.means.dispose();
    for (const rows of this.rows) rows.dispose();
  }

  /** Number of batches. */
  steps({ indices }: Examples): number {
    return Math.ceil(indices.length / this.batchSize);
  }

  /** Throws unless there is something to train. */
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
    const rows = {
      x: await sampleRows(where, x, xHost),
      y: targetRows(targets, loss.isSparse ? 'int32' : 'float32'),
    };
    this.rows.push(rows.x, rows.y);
    return { ...rows, indices: range(0, count) };
  }

  /** One pass over the training examples. Values are those before each update, as in Keras. */
  async trainEpoch(
    train: Examples,
    progress: Progress,
    { shuffle = true, seed = this.model.seed }: FitOptions,
  ): Promise<EvaluateResult> {
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
    const target = y.take(indices);
    const output = this.forward(x.take(indices), { training: true, seed: stepSeed });
    const values = loss.values(output, target, this.leavesActivation);
    mean(values).backward();
    optimizer.apply(this.model.weights);
    this.count(values, output, target);
  }

  /** Loss and metrics of examples in inference. */
  async evaluate({ x, y, indices }: Examples, progress: Progress): Promise<EvaluateResult> {
    await this.pass(indices, progress, (some) =>
      noGrad(() => {
        const target = y.take(some);
        const output = this.forward(x.take(some), {});
        this.count(this.how.loss.values(output, target, this.leavesActivation), output, target);
      }),
    );
    return this.read();
  }

  /** Whether the loss takes the model's last activation upon itself. */
  private get leavesActivation(): boolean {
    return this.how.loss.takesLogitsOf(this.model.activationName);
  }

  private forward(x: Tensor, options: CallOptions): Tensor {
    return this.model.call(x, { ...options, logits: this.leavesActivation });
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
    try {
      for (const indices of batches(order, this.batchSize)) {
        this.signal?.throwIfAborted();
        scope(() => step(indices));
        await this.pace.keep();
        if (progress.wantsValues()) progress.show({ ...(await this.read()) });
        progress.step(++done);
      }
    } catch (error) {
      progress.abandon();
      throw error;
    }
  }

  private async read(): Promise<EvaluateResult> {
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
