import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FoveaError } from '../errors.js';
import { init } from '../gpu/init.js';
import * as datasets from '../io/datasets/index.js';
import { writeFileAtomic } from '../io/files.js';
import { loadModel } from '../io/model.js';
import {
  classificationReport,
  confusionMatrix,
  type ClassificationReport,
} from '../vis/confusion.js';
import { printJson } from './exit.js';
import { compileFor, examples, withTraining, type TrainingFlags } from './fit.js';
import { collect, integer, openModelFor, withJson } from './model.js';
import { judgeFiles, readHistory, writeRunReport, type JudgedFiles } from './run_report.js';
import { readRun, RUN, type Run } from './train_run.js';
import { versions } from './versions.js';

interface EvaluateFlags extends TrainingFlags {
  readonly x?: readonly string[];
  readonly y?: readonly string[];
  readonly data?: string;
  readonly csv?: string;
  readonly images?: string;
  readonly fileColumn?: string;
  readonly labelColumn?: string;
  readonly checkpoint?: string;
  readonly output?: string;
  readonly batchSize: number;
  readonly json?: boolean;
}

/** Adds `fovea evaluate MODEL --x x.npy --y y.npy` and `fovea evaluate RUN --data DIR`. */
export function addEvaluate(program: Command): void {
  const command = withTraining(
    program
      .command('evaluate')
      .description('Loss and metrics of a model on arrays, or of a run on folders of pictures.')
      .argument('<model>', '.keras, .h5 or TensorFlow.js model.json; or the folder of a run')
      .option('--x <file>', 'samples (.npy); repeat it for several inputs', collect)
      .option('--y <file>', 'targets (.npy); repeat it for several outputs', collect)
      .option('--data <folder>', 'for a run: has one folder of pictures for each class')
      .option('--csv <file>', 'for a run: names of pictures and their classes, with --images')
      .option('--images <folder>', 'where the pictures of the CSV file are')
      .option('--file-column <name>', 'of the CSV file; default: Path')
      .option('--label-column <name>', 'its labels are names of classes; default: ClassId')
      .option('--checkpoint <which>', 'of a run: best (the default) or last')
      .option(
        '--output <folder>',
        'of a run: also write report.html, metrics.json and predictions.csv',
      )
      .option('--batch-size <n>', 'samples that are computed at once', integer(1), 32),
  );
  withJson(command).action((path: string, flags: EvaluateFlags) =>
    existsSync(join(path, RUN.config)) ? evaluateRun(path, flags) : evaluateModel(path, flags),
  );
}

async function evaluateModel(path: string, flags: EvaluateFlags): Promise<void> {
  const { x, y, batchSize, json } = flags;
  refuse(
    flags,
    ['data', 'csv', 'images', 'fileColumn', 'labelColumn', 'checkpoint', 'output'],
    `${path} is no folder of a run`,
  );
  if (!x || !y) throw new FoveaError('ARGUMENT', 'evaluate: a model needs --x and --y');
  const model = await openModelFor(path, x);
  compileFor(model, flags);
  const data = await examples(model, x, y, '');
  const result = await model.evaluate(...data, { batchSize, verbose: 0 });
  if (json) printJson(result);
  else
    for (const [name, value] of Object.entries(result)) process.stdout.write(`${name}: ${value}\n`);
}

function refuse(
  flags: EvaluateFlags,
  names: readonly (keyof EvaluateFlags)[],
  reason: string,
): void {
  for (const name of names) {
    if (flags[name] === undefined) continue;
    throw new FoveaError('ARGUMENT', `evaluate: --${name} does not go here: ${reason}`);
  }
}

async function evaluateRun(path: string, flags: EvaluateFlags): Promise<void> {
  const { checkpoint = 'best', output, json } = flags;
  const training = ['x', 'y', 'optimizer', 'learningRate', 'loss', 'metrics'] as const;
  refuse(flags, training, `${path} is a run, which is judged on pictures`);
  if (checkpoint !== 'best' && checkpoint !== 'last') {
    throw new FoveaError('ARGUMENT', `--checkpoint is best or last, got '${checkpoint}'`);
  }
  const run = await readRun(path);
  const adapter = await init();
  const model = await loadModel(join(path, RUN[checkpoint]));
  const data = await testData(run, model.inputShape, flags);
  const judged = await judgeFiles(model, data, data, 'test');
  const { labels, predictions, loss } = judged;
  const matrix = confusionMatrix(labels, predictions, run.classNames);
  const { text, ...report } = classificationReport(matrix);
  const { badFiles } = data;
  const result: Result = {
    ...{ run: path, checkpoint, samples: labels.length, loss, ...report },
    ...{ confusion: matrix.counts, badFiles },
  };
  if (output !== undefined) {
    await writeResults(output, result, judged, run);
    const environment = { adapter: adapter.description, checkpoint, versions: versions() };
    const history = await readHistory(path);
    await writeRunReport(output, run, model, judged, history, environment);
  }
  if (json) printJson(result);
  else
    process.stdout.write(
      `${text}\n${labels.length} pictures: loss ${loss.toFixed(4)}, accuracy ${report.accuracy.toFixed(4)}\n`,
    );
  model.dispose();
}

function testData(
  { classNames }: Run,
  [height = 0, width = 0]: readonly number[],
  { data, csv, images, batchSize, fileColumn, labelColumn }: EvaluateFlags,
): Promise<datasets.ImageBatches> {
  const columns = { fileColumn, labelColumn };
  const options = { imageSize: [height, width], batchSize, classNames, shuffle: false } as const;
  if (data !== undefined && csv === undefined && images === undefined) {
    return datasets.imageFromDirectory(data, options);
  }
  if (csv !== undefined && images !== undefined && data === undefined) {
    return datasets.imagesFromCsv({ ...options, csv, images, ...columns });
  }
  throw new FoveaError('ARGUMENT', 'evaluate: a run needs --data, or --csv and --images');
}

/** What is told of a run on other pictures. */
interface Result extends Omit<ClassificationReport, 'text'> {
  readonly run: string;
  readonly checkpoint: string;
  readonly samples: number;
  readonly loss: number;
  /** `confusion[truth][prediction]`. */
  readonly confusion: readonly (readonly number[])[];
  readonly badFiles: readonly datasets.BadFile[];
}

async function writeResults(
  folder: string,
  result: Result,
  { labels, predictions, scores, files }: JudgedFiles,
  { classNames }: Run,
): Promise<void> {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const lines = files.map((file, i) =>
    [
      ...[quoted(file), quoted(classNames[labels[i]!]!), quoted(classNames[predictions[i]!]!)],
      scores[i]!.toFixed(6),
    ].join(','),
  );
  const csv = `file,label,prediction,score\n${lines.join('\n')}\n`;
  await writeFileAtomic(join(folder, 'predictions.csv'), csv);
  await writeFileAtomic(join(folder, RUN.metrics), `${JSON.stringify(result, undefined, 2)}\n`);
}
