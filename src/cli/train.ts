import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FoveaError } from '../errors.js';
import { checkPrecision, init } from '../gpu/init.js';
import * as datasets from '../io/datasets/index.js';
import { writeFileAtomic } from '../io/files.js';
import { pictureModel } from '../models/picture_model.js';
import { Dataset } from '../nn/dataset.js';
import type { Model } from '../nn/model.js';
import type { History } from '../nn/train.js';
import { downloadLine } from './models.js';
import { EXIT, printJson } from './exit.js';
import { onInterrupt } from './interrupt.js';
import { integer, number, withJson } from './model.js';
import { judgeFiles, writeRunReport } from './run_report.js';
import { readJsonObject, trainConfig, type TrainConfig } from './train_config.js';
import {
  Backup,
  createRun,
  Interrupted,
  readRun,
  RUN,
  runCallbacks,
  type Run,
} from './train_run.js';
import { versions } from './versions.js';

interface TrainFlags {
  readonly config?: string;
  readonly name?: string;
  readonly output: string;
  readonly resume?: string;
  readonly json?: boolean;
  readonly [flag: string]: unknown;
}

/** Adds `fovea train --data DIR`. */
export function addTrain(program: Command): void {
  const command = program
    .command('train')
    .description('Train a network on folders of pictures, one folder for each class.')
    .option('--data <folder>', 'has one folder of PNG and JPEG pictures for each class')
    .option('--val-data <folder>', 'such a folder to validate on; default: a part of the data')
    .option('--validation-split <share>', 'that part; default 0.1', number(0, 1))
    .option('--model <name>', 'cifar10 (the default), resnet50, ... or a .keras file')
    .option('--weights <source>', 'imagenet, none or a file; default: imagenet, but for cifar10')
    .option(
      '--freeze <layers>',
      'number of first layers that stay as they are, all or none',
      freeze,
    )
    .option('--image-size <n>', 'height and width; default: those of the network', integer(1))
    .option('--augment <list>', 'flip,rotation=0.05,zoom,translation,contrast,brightness')
    .option('--no-dropout', 'leave dropout layers out')
    .option('--epochs <n>', 'default 10', integer(1))
    .option('--batch <n>', 'pictures in a step; default 32', integer(1))
    .option('--optimizer <name>', 'adam (the default), sgd, rmsprop, ...')
    .option('--lr <rate>', 'learning rate; default: of the optimizer', number(0))
    .option('--patience <n>', 'stop after n epochs without a better loss', integer(1))
    .option('--precision <kind>', 'float32 (the default) or mixed')
    .option('--seed <n>', 'of everything random; default: another one each time', integer(0))
    .option('--config <file>', 'JSON with these options in camelCase; flags override it')
    .option('--name <name>', 'of the run; default: the model, with a number')
    .option('--output <folder>', 'where runs are', join('runs', 'train'))
    .option('--resume <run>', 'go on with a run that was interrupted, given by its folder');
  withJson(command).action(async (flags: TrainFlags) => {
    // Commander sets dropout to true where it is not given.
    const { config, name, output, resume, json = false, dropout, ...given } = flags;
    const options = { ...given, ...(dropout === false && { dropout }) };
    if (resume === undefined) {
      const file = config === undefined ? {} : await readJsonObject(config);
      await train(
        trainConfig(options, file),
        (made, names) => createRun(output, name, made, names),
        json,
      );
      return;
    }
    const extra = Object.keys({ ...options, ...(config && { config }), ...(name && { name }) });
    if (extra.length > 0) {
      throw new FoveaError(
        'ARGUMENT',
        `--resume keeps all options of the run; got ${extra.join(', ')}`,
      );
    }
    const run = await readRun(resume);
    if (existsSync(join(resume, RUN.metrics))) {
      throw new FoveaError('ARGUMENT', `the training of ${resume} has ended`, {
        hint: `Train its model further: fovea train --model ${join(resume, RUN.last)} --data ...`,
      });
    }
    await train(run.config, () => Promise.resolve(run), json);
  });
}

function freeze(text: string): number | 'all' | 'none' {
  return text === 'all' || text === 'none' ? text : integer(0)(text);
}

async function train(
  config: TrainConfig,
  open: (config: TrainConfig, classNames: readonly string[]) => Promise<Run>,
  json: boolean,
): Promise<void> {
  checkPrecision('train', config.precision);
  const adapter = await init();
  const plan = await pictureModel(config);
  const data = await trainingData(config, plan.size);
  const line = downloadLine(config.model);
  const model = await plan.build(data.classNames.length, line.update).finally(() => line.end());
  compile(model, config);
  const run = await open(config, data.classNames);
  process.stderr.write(`${describe(model, data)}\nrun: ${run.folder}\n`);
  const backup = new Backup({ directory: join(run.folder, RUN.backup) });
  onInterrupt(() => backup.stop());
  const begin = performance.now();
  try {
    const history = await model.fit(data.train, {
      ...{ epochs: config.epochs, seed: config.seed, validationData: data.validation },
      callbacks: [...runCallbacks(run, data.validation !== undefined), backup],
    });
    const seconds = (performance.now() - begin) / 1000;
    const environment = { adapter: adapter.description, seconds, versions: versions() };
    await report(run, model, data, history, environment);
    await finish(run, history, environment, json);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    const command = `fovea train --resume ${run.folder}`;
    process.stderr.write(`\n${error.message}; go on with: ${command}\n`);
    if (json) printJson({ run: run.folder, interrupted: true, resume: command });
    process.exitCode = EXIT.interrupted;
  } finally {
    model.dispose();
  }
}

function compile(model: Model, { optimizer, lr, precision }: TrainConfig): void {
  model.compile({
    optimizer: { className: optimizer, config: lr === null ? {} : { learningRate: lr } },
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    precision,
  });
}

/** Pictures to train and to validate on. */
interface TrainingData {
  readonly train: Dataset<datasets.ImageBatch>;
  readonly validation: Dataset<datasets.ImageBatch> | undefined;
  readonly classNames: readonly string[];
  readonly sources: { readonly train: Pictures; readonly validation: Pictures | undefined };
}

type Pictures = datasets.ImageDataset<datasets.LabelledImage>;

/** Decoded pictures are kept in memory where they are not larger. */
const MAX_CACHED_BYTES = 512 * 2 ** 20;

async function trainingData(config: TrainConfig, size: number): Promise<TrainingData> {
  const { data, valData, validationSplit, batch, seed } = config;
  const options = { imageSize: [size, size], batchSize: null, seed } as const;
  const parts =
    valData === null && validationSplit > 0
      ? await datasets.imageFromDirectory(data, { ...options, validationSplit, subset: 'both' })
      : { training: await datasets.imageFromDirectory(data, options) };
  const { training } = parts;
  const { classNames } = training;
  const validation =
    'validation' in parts
      ? parts.validation
      : valData !== null
        ? await datasets.imageFromDirectory(valData, { ...options, shuffle: false, classNames })
        : undefined;
  const bytes = 3 * size * size * (training.size + (validation?.size ?? 0));
  const kept = <T>(set: Dataset<T>): Dataset<T> => (bytes <= MAX_CACHED_BYTES ? set.cache() : set);
  return {
    train: batches(kept(training).shuffle({ seed }), batch),
    validation: validation && batches(kept(validation), batch),
    classNames,
    sources: { train: training, validation },
  };
}

function batches(
  pictures: Dataset<datasets.LabelledImage>,
  size: number,
): Dataset<datasets.ImageBatch> {
  return (pictures.batch(size) as Dataset<datasets.ImageBatch>).prefetch(4);
}

function describe(model: Model, { classNames, sources }: TrainingData): string {
  const [train, validation] = [sources.train.size, sources.validation?.size ?? 0];
  const trained = model.trainableWeights.reduce((sum, { value }) => sum + value.size, 0);
  const n = (value: number): string => value.toLocaleString('en');
  return (
    `${n(train)} pictures to train on, ${n(validation)} to validate, ${classNames.length} classes; ` +
    `${model.name}: ${n(trained)} of ${n(model.countParams())} parameters are trained`
  );
}

/** Writes the report, on the pictures that the model was validated on; without any, there is none. */
async function report(
  run: Run,
  model: Model,
  { validation, sources }: TrainingData,
  { history }: History,
  environment: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (!validation || !sources.validation) return;
  const judged = await judgeFiles(model, validation, sources.validation, 'validation');
  await writeRunReport(run.folder, run, model, judged, history, environment);
}

async function finish(
  run: Run,
  { epoch, history, dataWait = [] }: History,
  environment: Readonly<Record<string, unknown>>,
  json: boolean,
): Promise<void> {
  const last = Object.fromEntries(
    Object.entries(history).map(([name, values]) => [name, values.at(-1)!]),
  );
  const watched = history.val_accuracy ?? history.accuracy ?? [];
  const best = watched.indexOf(Math.max(...watched));
  const metrics = {
    epochs: epoch.length,
    ...last,
    best: { epoch: best + 1, file: RUN.best, accuracy: watched[best] },
    dataWait: dataWait.at(-1),
    ...environment,
  };
  await writeFileAtomic(
    join(run.folder, RUN.metrics),
    `${JSON.stringify(metrics, undefined, 2)}\n`,
  );
  if (json) printJson({ run: run.folder, history, ...metrics });
  else process.stdout.write(`${run.folder}: ${summaryLine(last)}\n`);
}

function summaryLine(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value.toFixed(4)}`)
    .join(', ');
}
