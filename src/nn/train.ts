import { FoveaError } from '../errors.js';
import type { FitCallback } from './callbacks/callback.js';
import { buildFor, checkBatchSize, type Inputs } from './data.js';
import { splitExamples, type Examples, type WeightOptions } from './examples.js';
import type { Model } from './model.js';
import { Progress, type Logs, type Verbose } from './progress.js';
import { FitRun } from './run.js';
import { Session } from './session.js';

/** Options of `evaluate`. */
export interface EvaluateOptions extends WeightOptions {
  /** Samples that are computed at once. Default 32. */
  readonly batchSize?: number;
  /** 0: silent; 1: a bar; 2: one line; 'auto' (the default): a bar on a terminal, else a line. */
  readonly verbose?: Verbose;
  /** Stops between two batches. */
  readonly signal?: AbortSignal;
}

/** What `evaluate` returns: the mean loss, and the metrics that `compile` named. */
export type EvaluateResult = Logs & { readonly loss: number; readonly accuracy?: number };

/** Loss and metrics of one epoch; those that begin with `val_` are of the validation data. */
export type EpochLogs = EvaluateResult;

/** Options of `fit`. */
export interface FitOptions extends EvaluateOptions {
  /** Number of the epoch to end before. Default 1. */
  readonly epochs?: number;
  /** Number of the first epoch. Default 0. */
  readonly initialEpoch?: number;
  /** The last share of the samples is not trained on, but evaluated after each epoch. */
  readonly validationSplit?: number;
  /** Samples, targets and weights, evaluated after each epoch; overrides `validationSplit`. */
  readonly validationData?: readonly [x: Inputs, y: Inputs, sampleWeight?: Inputs];
  /** Whether the samples are put into another order for each epoch. Default true. */
  readonly shuffle?: boolean;
  /** Of shuffling and dropout. Default: the model's seed. */
  readonly seed?: number;
  /** Run in their order; `backupAndRestore` runs last. */
  readonly callbacks?: readonly FitCallback[];
}

/** What `fit` returns. */
export interface History {
  /** Numbers of the epochs, from 0. */
  readonly epoch: readonly number[];
  /** One list per value of `EpochLogs`, with one entry per epoch. */
  readonly history: Readonly<Record<string, readonly number[]>> & {
    readonly loss: readonly number[];
    readonly accuracy?: readonly number[];
    readonly val_loss?: readonly number[];
    readonly val_accuracy?: readonly number[];
  };
}

/** See `Model.fit`. */
export async function fit(
  model: Model,
  x: Inputs,
  y: Inputs,
  options: FitOptions,
): Promise<History> {
  checkFitOptions(options);
  buildFor(model, x);
  const session = new Session('fit', model, options);
  try {
    const [train, validation] = await loadFit(session, x, y, options);
    const run = new FitRun(session, options, session.steps(train));
    const { callbacks } = run;
    for (const callback of callbacks) await callback.onTrainBegin?.(run);
    run.begin();
    while (run.epoch < run.epochs && !run.isStopped) {
      await epoch(session, run, train, validation, options);
      run.nextEpoch();
    }
    for (const callback of callbacks) await callback.onTrainEnd?.(run);
    return run.history();
  } finally {
    for (const callback of options.callbacks ?? []) callback.dispose?.();
    session.dispose();
  }
}

async function epoch(
  session: Session,
  run: FitRun,
  train: Examples,
  validation: Examples | undefined,
  { verbose = 'auto', shuffle = true }: FitOptions,
): Promise<void> {
  const { callbacks } = run;
  session.checkTrainable();
  // An epoch that is resumed has begun before.
  if (run.step === 0) {
    for (const callback of callbacks) await callback.onEpochBegin?.(run.epoch, run);
  }
  const title = `Epoch ${run.epoch + 1}/${run.epochs}`;
  const progress = new Progress(session.steps(train), verbose, title);
  const own = await session.trainEpoch(train, progress, {
    ...{ shuffle, seed: run.seed, first: run.step },
    after: async (done) => {
      run.step = done;
      for (const callback of callbacks) await callback.onBatchEnd?.(done - 1, run);
      return run.isStopped;
    },
  });
  const logs: Record<string, number> = {
    ...own,
    ...(validation && (await validate(session, validation))),
  };
  run.record(logs);
  for (const callback of callbacks) await callback.onEpochEnd?.(run.epoch, logs, run);
  progress.end(logs);
}

/** Loss and metrics of validation data, under their names in a history. */
async function validate(session: Session, examples: Examples): Promise<Logs> {
  const logs = await session.evaluate(examples, new Progress(1, 0));
  return Object.fromEntries(Object.entries(logs).map(([key, value]) => [`val_${key}`, value]));
}

async function loadFit(
  session: Session,
  x: Inputs,
  y: Inputs,
  options: FitOptions,
): Promise<[Examples, Examples | undefined]> {
  const { validationSplit = 0, validationData } = options;
  const all = await session.load(x, y, options);
  if (validationData) {
    const [valX, valY, sampleWeight] = validationData;
    return [all, await session.load(valX, valY, { sampleWeight })];
  }
  return validationSplit === 0 ? [all, undefined] : splitExamples(all, validationSplit);
}

/** See `Model.evaluate`. */
export async function evaluate(
  model: Model,
  x: Inputs,
  y: Inputs,
  options: EvaluateOptions,
): Promise<EvaluateResult> {
  checkBatchSize('evaluate', options.batchSize ?? 32);
  buildFor(model, x);
  const session = new Session('evaluate', model, options);
  try {
    const examples = await session.load(x, y, options);
    const progress = new Progress(session.steps(examples), options.verbose ?? 'auto');
    const result = await session.evaluate(examples, progress);
    progress.end(result);
    return result as EvaluateResult;
  } finally {
    session.dispose();
  }
}

function checkFitOptions(options: FitOptions): void {
  const { epochs = 1, initialEpoch = 0, batchSize = 32, validationSplit = 0 } = options;
  checkBatchSize('fit', batchSize);
  if (!Number.isInteger(epochs) || epochs < 1) {
    throw new FoveaError(
      'ARGUMENT',
      `fit: epochs must be a positive integer, got ${String(epochs)}`,
    );
  }
  if (!Number.isInteger(initialEpoch) || initialEpoch < 0 || initialEpoch >= epochs) {
    throw new FoveaError(
      'ARGUMENT',
      `fit: initialEpoch must be an integer from 0 and less than epochs (${epochs}), got ` +
        String(initialEpoch),
    );
  }
  if (!(validationSplit >= 0 && validationSplit < 1)) {
    throw new FoveaError(
      'ARGUMENT',
      `fit: validationSplit must be at least 0 and less than 1, got ${String(validationSplit)}`,
    );
  }
}
