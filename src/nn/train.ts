import { FoveaError } from '../errors.js';
import { checkBatchSize, range, type ArrayInput } from './data.js';
import type { Model } from './model.js';
import { Progress, type Logs, type Verbose } from './progress.js';
import { Session, type Examples } from './session.js';

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

/** Loss and metrics of one epoch; those that begin with `val` are of the validation data. */
export interface EpochLogs extends EvaluateResult {
  readonly valLoss?: number;
  readonly valAccuracy?: number;
}

/** Hooks into `fit`. */
export interface FitCallback {
  /** After each epoch, with its loss and metrics; awaited. */
  onEpochEnd(epoch: number, logs: EpochLogs): void | Promise<void>;
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
  /** One list per value of `EpochLogs`, with one entry per epoch. */
  readonly history: { readonly [Key in keyof EpochLogs]: readonly number[] };
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
    const history: Record<string, number[]> & { loss: number[] } = { loss: [] };
    for (let epoch = 0; epoch < epochs; epoch++) {
      const progress = new Progress(session.steps(train), verbose, `Epoch ${epoch + 1}/${epochs}`);
      const own = await session.trainEpoch(train, progress, options);
      const logs = { ...own, ...(validation && (await validate(session, validation))) };
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
    const progress = new Progress(session.steps(examples), options.verbose ?? 'auto');
    const result = await session.evaluate(examples, progress);
    progress.end({ ...result });
    return result;
  } finally {
    session.dispose();
  }
}

/** Loss and metrics of validation data, under their names in a history. */
async function validate(session: Session, examples: Examples): Promise<Logs> {
  const logs = await session.evaluate(examples, new Progress(1, 0));
  const named = (key: string): string => `val${key[0]!.toUpperCase()}${key.slice(1)}`;
  return Object.fromEntries(Object.entries(logs).map(([key, value]) => [named(key), value]));
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
