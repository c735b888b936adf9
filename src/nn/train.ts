import { FoveaError } from '../errors.js';
import type { FitCallback } from './callbacks/callback.js';
import { buildFor, checkBatchSize, type Inputs } from './data.js';
import { Dataset } from './dataset.js';
import { splitExamples, type WeightOptions } from './examples.js';
import { ArrayFeed, buildForDataset, DatasetFeed, type Batch, type Feed } from './feed.js';
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
  readonly validationData?:
    readonly [x: Inputs, y: Inputs, sampleWeight?: Inputs] | Dataset<Batch> | undefined;
  /** Whether the samples are put into another order for each epoch. Default true. */
  readonly shuffle?: boolean;
  /** Of shuffling and dropout. Default: the model's seed. */
  readonly seed?: number;
  /** Run in their order; `backupAndRestore` runs last. */
  readonly callbacks?: readonly FitCallback[];
}

/** What a data set decides by itself. */
type DecidedByDataset = 'batchSize' | 'sampleWeight' | 'shuffle' | 'validationSplit';

/** Options of `fit` with a data set. */
export type DatasetFitOptions = Omit<FitOptions, DecidedByDataset>;

/** Options of `evaluate` with a data set. */
export type DatasetEvaluateOptions = Omit<EvaluateOptions, 'batchSize' | 'sampleWeight'>;

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
  /**
   * With a data set: the share of the time of each epoch that was spent waiting for data, 0 to 1. Of the
   * epochs of this call.
   */
  readonly dataWait?: readonly number[];
}

/** See `Model.fit`. */
export async function fit(
  model: Model,
  x: Inputs | Dataset<Batch>,
  y: Inputs | undefined,
  options: FitOptions,
): Promise<History> {
  checkFitOptions(options);
  await prepare('fit', model, x, options);
  const session = new Session('fit', model, options);
  try {
    const run: FitRun = new FitRun(session, options);
    const [train, validation] = await loadFit(session, x, y, options, () => run.seed);
    run.steps = train.steps;
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

/** Builds a model that has no input shape yet; refuses options that do not go with the data. */
async function prepare(
  where: string,
  model: Model,
  x: Inputs | Dataset<Batch>,
  options: FitOptions,
): Promise<void> {
  if (!(x instanceof Dataset)) {
    buildFor(model, x);
    return;
  }
  const decided = ['batchSize', 'sampleWeight', 'shuffle', 'validationSplit'] as const;
  for (const name of decided satisfies readonly DecidedByDataset[]) {
    if (options[name] === undefined) continue;
    throw new FoveaError('ARGUMENT', `${where}: ${name} does not go with a data set`, {
      hint: 'Data sets have methods batch and shuffle, and batches may have a sampleWeight.',
    });
  }
  await buildForDataset(model, x);
}

async function epoch(
  session: Session,
  run: FitRun,
  train: Feed,
  validation: Feed | undefined,
  { verbose = 'auto' }: FitOptions,
): Promise<void> {
  const { callbacks } = run;
  session.checkTrainable();
  // An epoch that is resumed has begun before.
  if (run.step === 0) {
    for (const callback of callbacks) await callback.onEpochBegin?.(run.epoch, run);
  }
  const title = `Epoch ${run.epoch + 1}/${run.epochs}`;
  const progress = new Progress(train.steps, verbose, title);
  const own = await session.trainEpoch(train, progress, {
    ...{ seed: run.seed, first: run.step },
    after: async (done) => {
      run.step = done;
      for (const callback of callbacks) await callback.onBatchEnd?.(done - 1, run);
      return run.isStopped;
    },
  });
  if (train instanceof DatasetFeed) run.noteDataWait(progress.dataWait);
  const logs: Record<string, number> = {
    ...own,
    ...(validation && (await validate(session, validation))),
  };
  run.record(logs);
  for (const callback of callbacks) await callback.onEpochEnd?.(run.epoch, logs, run);
  progress.end(logs, train instanceof DatasetFeed);
}

/** Loss and metrics of validation data, under their names in a history. */
async function validate(session: Session, feed: Feed): Promise<Logs> {
  const logs = await session.evaluate(feed, new Progress(1, 0));
  return Object.fromEntries(Object.entries(logs).map(([key, value]) => [`val_${key}`, value]));
}

async function loadFit(
  session: Session,
  x: Inputs | Dataset<Batch>,
  y: Inputs | undefined,
  options: FitOptions,
  seed: () => number,
): Promise<[Feed, Feed | undefined]> {
  const { validationSplit = 0, validationData, shuffle = true } = options;
  const { batchSize } = session;
  const order = shuffle ? seed : undefined;
  const validation = await validationFeed(session, validationData);
  if (x instanceof Dataset) return [session.feed(x, options), validation];
  const all = await session.load(x, y!, options);
  if (validation || validationSplit === 0) {
    return [new ArrayFeed(all, batchSize, order), validation];
  }
  const [train, last] = splitExamples(all, validationSplit);
  return [new ArrayFeed(train, batchSize, order), new ArrayFeed(last, batchSize)];
}

async function validationFeed(
  session: Session,
  data: FitOptions['validationData'],
): Promise<Feed | undefined> {
  if (!data) return undefined;
  if (data instanceof Dataset) return session.feed(data, {});
  const [x, y, sampleWeight] = data;
  return new ArrayFeed(await session.load(x, y, { sampleWeight }), session.batchSize);
}

/** See `Model.evaluate`. */
export async function evaluate(
  model: Model,
  x: Inputs | Dataset<Batch>,
  y: Inputs | undefined,
  options: EvaluateOptions,
): Promise<EvaluateResult> {
  checkBatchSize('evaluate', options.batchSize ?? 32);
  await prepare('evaluate', model, x, options);
  const session = new Session('evaluate', model, options);
  try {
    const feed =
      x instanceof Dataset
        ? session.feed(x, options)
        : new ArrayFeed(await session.load(x, y!, options), session.batchSize);
    const progress = new Progress(feed.steps, options.verbose ?? 'auto');
    const result = await session.evaluate(feed, progress);
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
