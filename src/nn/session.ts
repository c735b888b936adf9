import { noGrad } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { defaultDevice } from '../gpu/init.js';
import { mean, reshape, sigmoid, softmax } from '../ops/index.js';
import type { Tensor } from '../tensor.js';
import { outputPlans, type Compiled, type OutputPlan } from './compile.js';
import type { BatchSource, Inputs } from './data.js';
import type { Dataset } from './dataset.js';
import { loadExamples, type Examples, type WeightOptions } from './examples.js';
import { DatasetFeed, type Batch, type Feed } from './feed.js';
import { LogBook } from './logbook.js';
import type { LossScale } from './loss_scale.js';
import type { Model } from './model.js';
import type { Logs, Progress } from './progress.js';
import { KEEP_BYTES, Replay } from './replay.js';
import { deriveSeed, STREAM } from './seeds.js';
import type { EvaluateOptions } from './train.js';
import { applyConstraints } from './update.js';

/** Called after each step of an epoch, with the number of steps done; true ends the epoch. */
export type AfterStep = (done: number) => Promise<boolean>;

/** One call of `fit` or `evaluate`: what it uploads and counts, freed at its end. */
export class Session {
  readonly how: Compiled;
  readonly plans: readonly OutputPlan[];
  readonly batchSize: number;
  readonly book: LogBook;
  private readonly uploaded: BatchSource[] = [];
  private readonly pace = new Pace();
  private readonly signal: AbortSignal | undefined;
  private readonly training = new Replay();
  private readonly evaluation = new Replay(KEEP_BYTES);
  /** Samples of the current batch. Steps are replayed: what changes from one to the next is here. */
  private indices: Int32Array = new Int32Array();
  private seed = 0;

  constructor(
    readonly where: string,
    readonly model: Model,
    { batchSize = 32, signal }: EvaluateOptions,
  ) {
    const { compiled } = model;
    if (!compiled) {
      throw new FoveaError('ARGUMENT', `${where}: the model is not compiled`, {
        hint: 'Call compile({ optimizer, loss, metrics }) first.',
      });
    }
    this.how = compiled;
    this.plans = outputPlans(compiled, model.outputs);
    this.batchSize = batchSize;
    this.signal = signal;
    this.book = new LogBook(this.plans);
  }

  /** Frees what was uploaded, and what is kept for the next step. */
  dispose(): void {
    this.training.dispose();
    this.evaluation.dispose();
    this.book.dispose();
    for (const rows of this.uploaded) rows.dispose();
  }

  /** Of a training in mixed precision. */
  get lossScale(): LossScale | undefined {
    return this.model.isMixed ? this.how.lossScale : undefined;
  }

  /** Throws unless there is something to train. */
  checkTrainable(): void {
    if (this.model.trainableWeights.length > 0) return;
    throw new FoveaError('ARGUMENT', `${this.where}: no weight of the model is trainable`);
  }

  /** Checks and uploads data. */
  async load(x: Inputs, y: Inputs, options: WeightOptions): Promise<Examples> {
    const { where, model, plans } = this;
    const examples = await loadExamples(where, model, plans, x, y, options);
    this.uploaded.push(...examples.x, ...examples.y);
    return examples;
  }

  /** The batches of a data set. */
  feed(dataset: Dataset<Batch>, options: Pick<WeightOptions, 'classWeight'>): Feed {
    return new DatasetFeed(this.where, this.model, this.plans, dataset, options);
  }

  /**
   * One pass over the training examples, from step `first` on. Values are those before each update,
   * as in Keras.
   */
  async trainEpoch(
    train: Feed,
    progress: Progress,
    { seed, first = 0, after }: { seed: number; first?: number; after: AfterStep },
  ): Promise<Logs> {
    const { model } = this;
    this.seed = seed;
    if (first === 0) this.book.reset();
    const step = (): Promise<void> => this.trainStep(train);
    await this.pass(train, model.epochsTrained, progress, first, step, after);
    model.epochsTrained++;
    return this.book.read();
  }

  private async trainStep(feed: Feed): Promise<void> {
    const { how, lossScale, model, training } = this;
    const { optimizer } = how;
    const step = this.replayed(feed, () => this.step(feed.examples));
    if (!started.has(how)) {
      // What stays from step to step must not be made by one that is replayed.
      optimizer.state(model.weights);
      lossScale?.state();
      await training.prepare(...step);
      started.add(how);
    }
    training.run(...step);
    optimizer.iterations++;
  }

  /** A step on all examples as one batch, which the optimizer does not count. */
  stepOn(examples: Examples): () => void {
    this.indices = examples.indices;
    return () => this.step(examples);
  }

  private step(examples: Examples): void {
    const { how, lossScale, model } = this;
    const { optimizer } = how;
    const seed = (): number => deriveSeed(this.seed, STREAM.steps, optimizer.iterations);
    const loss = this.lossOf(examples, { training: true, seed });
    loss.backward(lossScale?.seed(loss.shape));
    optimizer.update(model.weights, lossScale);
    applyConstraints(model.trainableWeights);
  }

  /** What `Replay` is told of a step. */
  private replayed({ layout }: Feed, step: () => void): Parameters<Replay['run']> {
    const key = this.model.replayKey(`${this.indices.length} ${layout}`);
    return [key, [], () => (step(), [])];
  }

  /** Loss and metrics of examples in inference. */
  async evaluate(feed: Feed, progress: Progress): Promise<Logs> {
    this.book.reset();
    await this.pass(feed, 0, progress, 0, () => {
      const step = (): void => noGrad(() => void this.lossOf(feed.examples, {}));
      this.evaluation.run(...this.replayed(feed, step));
    });
    return this.book.read();
  }

  /** The loss of a batch, which is also counted, with the metrics. */
  private lossOf(
    { x, y, weights }: Examples,
    options: { readonly training?: boolean; readonly seed?: () => number },
  ): Tensor {
    const { model, plans } = this;
    const indices = (): Int32Array => this.indices;
    const added: Tensor[] = [];
    const addLoss = (loss: Tensor): void => void added.push(loss);
    const inputs = x.map((rows) => rows.take(indices));
    const fused = plans.filter((plan) => this.leavesActivation(plan));
    const outputs = model.compute(
      inputs,
      { ...options, addLoss },
      fused.map(({ output }) => output),
    );
    const losses = plans.map((plan, i) => {
      const weight = weights[i]?.take(indices);
      const judged = { output: outputs[i]!, target: y[i]!.take(indices), weight };
      const loss = plan.loss && this.outputLoss(plan.loss, fused.includes(plan), judged);
      noGrad(() =>
        this.book.addOutput(i, loss, {
          ...judged,
          output: fused.includes(plan) ? this.activated(plan, judged.output) : judged.output,
        }),
      );
      return loss?.mul(plan.lossWeight);
    });
    const total = [
      ...losses.filter((loss) => loss !== undefined),
      ...added,
      ...this.penalties(),
    ].reduce((sum, loss) => sum.add(loss));
    noGrad(() => this.book.addTotal(this.indices.length, total));
    return total;
  }

  private outputLoss(
    loss: NonNullable<OutputPlan['loss']>,
    isLogits: boolean,
    { output, target, weight }: { output: Tensor; target: Tensor; weight: Tensor | undefined },
  ): Tensor {
    const values = loss.values(output, target, isLogits);
    if (!weight) return mean(values);
    if (values.rank === 0) {
      throw new FoveaError('ARGUMENT', `${this.where}: ${loss.name} is a loss of whole batches`, {
        hint: 'It takes no sample or class weights.',
      });
    }
    const perSample = [weight.size, ...values.shape.slice(1).map(() => 1)];
    return mean(values.mul(reshape(weight, perSample)));
  }

  /** What the regularizers of the trained weights add. */
  private penalties(): Tensor[] {
    return this.model.trainableWeights.flatMap(({ regularizer, value }) =>
      regularizer ? [regularizer.loss(value)] : [],
    );
  }

  /** Whether the loss takes the last activation of an output upon itself. */
  private leavesActivation({ loss, output }: OutputPlan): boolean {
    return loss?.takesLogitsOf(this.model.activationOf(output)) ?? false;
  }

  private activated({ output }: OutputPlan, logits: Tensor): Tensor {
    return this.model.activationOf(output) === 'sigmoid' ? sigmoid(logits) : softmax(logits);
  }

  private async pass(
    feed: Feed,
    epoch: number,
    progress: Progress,
    first: number,
    step: () => void | Promise<void>,
    after?: AfterStep,
  ): Promise<void> {
    let done = first;
    try {
      for await (const indices of progress.waitedFor(feed.pass(epoch, first))) {
        this.signal?.throwIfAborted();
        if (indices) {
          this.indices = indices;
          await step();
          await this.pace.keep();
        }
        if (await after?.(done + 1)) break;
        if (progress.wantsValues()) progress.show(await this.book.read());
        progress.step(++done);
      }
    } catch (error) {
      progress.abandon();
      throw error;
    }
  }
}

/** What has trained before: the kernels of its step are compiled. */
const started = new WeakSet<Compiled>();

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
