import { FoveaError } from '../errors.js';
import type { Optimizer } from './optimizers.js';
import type { Tensor } from '../tensor.js';
import type { FitCallback, Json } from './callbacks/callback.js';
import type { Model } from './model.js';
import type { Logs } from './progress.js';
import type { Session } from './session.js';
import type { FitOptions, History } from './train.js';
import { assign } from './update.js';

/** Everything that a training needs to go on as if it had not been interrupted. */
export interface Snapshot {
  readonly position: Position;
  /** Weights, what the optimizer keeps, the loss scale, and the running sums of the epoch. */
  readonly tensors: ReadonlyMap<string, Float32Array | Int32Array>;
}

interface Position {
  readonly epoch: number;
  /** Steps of that epoch that are done. */
  readonly step: number;
  /** Steps of every epoch. */
  readonly steps: number;
  readonly isStopped: boolean;
  readonly seed: number;
  readonly epochsTrained: number;
  readonly iterations: number;
  /** Null where a schedule gives it. */
  readonly learningRate: number | null;
  readonly logs: readonly Logs[];
  readonly optimizer: string;
  readonly callbacks: readonly { readonly name: string; readonly state: Json }[];
}

/** One call of `fit`, as its callbacks see it. */
export class FitRun {
  /** The current epoch, from 0. */
  epoch: number;
  /** Steps of the current epoch that are done. */
  step = 0;
  /** The epoch that `fit` ends before. */
  readonly epochs: number;
  /** Steps of an epoch. */
  steps = 0;
  /** Whether `stop` was called. */
  isStopped = false;
  /** Of shuffling and dropout. */
  seed: number;
  private first: number;
  private rows: Record<string, number>[] = [];
  private readonly dataWait: number[] = [];
  /** In the order in which they run: those that are `isLast` after the others. */
  readonly callbacks: readonly FitCallback[];
  private pending: Snapshot | undefined;
  private origin = 'the snapshot';

  constructor(
    private readonly session: Session,
    { epochs = 1, initialEpoch = 0, seed, callbacks = [] }: FitOptions,
  ) {
    this.epochs = epochs;
    this.epoch = initialEpoch;
    this.first = initialEpoch;
    this.seed = seed ?? session.model.seed;
    const isLast = (callback: FitCallback): boolean => callback.isLast === true;
    this.callbacks = [...callbacks.filter((each) => !isLast(each)), ...callbacks.filter(isLast)];
  }

  get model(): Model {
    return this.session.model;
  }

  get optimizer(): Optimizer {
    return this.session.how.optimizer;
  }

  /** Ends the training after the current step. */
  stop(): void {
    this.isStopped = true;
  }

  /** Running loss and metrics of the current epoch. */
  logs(): Promise<Logs> {
    return this.session.book.read();
  }

  /** Notes the logs of the current epoch; callbacks may still add to them. */
  record(logs: Record<string, number>): void {
    this.rows.push(logs);
  }

  /** Notes the share of the time of an epoch that was spent waiting for data. */
  noteDataWait(share: number): void {
    this.dataWait.push(share);
  }

  /** Goes on to the next epoch. */
  nextEpoch(): void {
    this.epoch++;
    this.step = 0;
  }

  /** What `fit` returns. */
  history(): History {
    const history: Record<string, number[]> & { loss: number[] } = { loss: [] };
    for (const row of this.rows) {
      for (const [key, value] of Object.entries(row)) (history[key] ??= []).push(value);
    }
    const { dataWait } = this;
    const epoch = this.rows.map((_, i) => this.first + i);
    return { epoch, history, ...(dataWait.length > 0 && { dataWait }) };
  }

  /** The whole state of the training, between two steps. Waits for the GPU. */
  async snapshot(): Promise<Snapshot> {
    const { optimizer, model } = this;
    const hasEnded = this.rows.length > this.epoch - this.first;
    const tensors = new Map<string, Float32Array | Int32Array>();
    for (const [name, tensor] of this.tensors()) {
      tensors.set(name, (await tensor.data()) as Float32Array | Int32Array);
    }
    return {
      tensors,
      position: {
        epoch: this.epoch + (hasEnded ? 1 : 0),
        step: hasEnded ? 0 : this.step,
        steps: this.steps,
        isStopped: this.isStopped,
        seed: this.seed,
        epochsTrained: model.epochsTrained,
        iterations: optimizer.iterations,
        learningRate: optimizer.hasSchedule ? null : optimizer.learningRate,
        logs: this.rows.map((row) => ({ ...row })),
        optimizer: optimizer.className,
        callbacks: this.callbacks.map((each) => ({
          name: each.constructor.name,
          state: each.state?.() ?? null,
        })),
      },
    };
  }

  /**
   * Goes back to a snapshot, of this or of another process, once every callback has begun.
   *
   * @param origin for errors: where it comes from
   */
  resumeFrom(snapshot: Snapshot, origin = 'the snapshot'): void {
    this.pending = snapshot;
    this.origin = origin;
  }

  /**
   * Called by `fit` before the first step.
   *
   * @throws FoveaError DATA when the snapshot is of another model, optimizer or list of callbacks
   */
  begin(): void {
    if (this.pending) {
      this.checkFits(this.pending);
      this.restore(this.pending);
    }
    this.pending = undefined;
  }

  private checkFits({ position, tensors }: Snapshot): void {
    const own = this.tensors();
    const mine = this.callbacks.map((each) => ({ name: each.constructor.name }));
    this.expect('optimizer', position.optimizer, this.optimizer.className);
    this.expect('callbacks', namesOf(position.callbacks), namesOf(mine));
    this.expect('steps of an epoch', position.steps, this.steps);
    for (const [name, tensor] of own) {
      this.expect(`values of ${name}`, tensors.get(name)?.length ?? 0, tensor.size);
    }
    this.expect('tensors', tensors.size, own.size);
  }

  private expect(what: string, found: string | number, expected: string | number): void {
    if (found === expected) return;
    throw new FoveaError(
      'DATA',
      `fit: ${this.origin} does not fit this training, ${what}: ` +
        `found ${found || 'none'}, expected ${expected || 'none'}`,
      { hint: 'Resume with the same model, data, compile options and callbacks, or remove it.' },
    );
  }

  private restore({ position, tensors }: Snapshot): void {
    for (const [name, tensor] of this.tensors()) assign(tensor, tensors.get(name)!);
    const { optimizer, model } = this;
    ({ epoch: this.epoch, step: this.step, seed: this.seed, isStopped: this.isStopped } = position);
    model.epochsTrained = position.epochsTrained;
    optimizer.iterations = position.iterations;
    if (position.learningRate !== null) optimizer.learningRate = position.learningRate;
    this.rows = position.logs.map((row) => ({ ...row }));
    this.first = position.epoch - this.rows.length;
    this.callbacks.forEach((callback, i) => {
      const { state } = position.callbacks[i]!;
      if (state !== null) callback.restore?.(state);
    });
  }

  private tensors(): Map<string, Tensor> {
    const { model, optimizer, session } = this;
    return new Map([
      ...model.weights.map(({ name, value }) => [`model/${name}`, value] as const),
      ...[...optimizer.state(model.weights)].map(([name, t]) => [`optimizer/${name}`, t] as const),
      ...[...(session.lossScale?.state() ?? [])].map(
        ([name, t]) => [`lossScale/${name}`, t] as const,
      ),
      ...session.book.tensors().map((tensor, i) => [`running/${i}`, tensor] as const),
      ...this.callbacks.flatMap((callback, i) =>
        (callback.tensors?.() ?? []).map((t, k) => [`callback/${i}/${k}`, t] as const),
      ),
    ]);
  }
}

function namesOf(callbacks: readonly { readonly name: string }[]): string {
  return callbacks.map(({ name }) => name).join(', ');
}
