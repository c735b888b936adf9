import type { Command } from 'commander';
import { FoveaError } from '../errors.js';
import { modelEnding, saveModel } from '../io/model.js';
import type { CompileOptions } from '../nn/compile.js';
import type { Model } from '../nn/model.js';
import type { Inputs } from '../nn/data.js';
import { perName, readArrays } from './arrays.js';
import { printJson } from './exit.js';
import { collect, integer, number, openModelFor, withJson } from './model.js';

/** How a model is trained, where it does not know it. */
export interface TrainingFlags {
  readonly optimizer?: string;
  readonly learningRate?: number;
  readonly loss?: readonly string[];
  readonly metrics?: readonly string[];
}

interface FitFlags extends TrainingFlags {
  readonly x: readonly string[];
  readonly y: readonly string[];
  readonly valX?: readonly string[];
  readonly valY?: readonly string[];
  readonly validationSplit?: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly seed?: number;
  readonly output: string;
  readonly json?: boolean;
}

/** Adds `fovea fit MODEL --x x.npy --y y.npy --output trained.keras`. */
export function addFit(program: Command): void {
  const command = withTraining(
    program
      .command('fit')
      .description('Train a model on arrays in .npy files.')
      .argument('<model>', '.keras, .h5 or TensorFlow.js model.json')
      .requiredOption('--x <file>', 'samples (.npy); repeat it for several inputs', collect)
      .requiredOption('--y <file>', 'targets (.npy); repeat it for several outputs', collect)
      .requiredOption(
        '--output <file>',
        'the trained model: .keras, .weights.h5, .safetensors, .npz, .onnx',
      )
      .option('--val-x <file>', 'samples to evaluate after each epoch', collect)
      .option('--val-y <file>', 'targets to evaluate after each epoch', collect)
      .option(
        '--validation-split <share>',
        'last share of the samples to evaluate on',
        number(0, 1),
      )
      .option('--epochs <n>', 'how often all samples are gone through', integer(1), 1)
      .option('--batch-size <n>', 'samples in a step', integer(1), 32)
      .option('--no-shuffle', 'keep the order of the samples')
      .option('--seed <n>', 'of shuffling and dropout', integer(0)),
  );
  withJson(command).action(async (path: string, flags: FitFlags) => {
    modelEnding(flags.output);
    const { valX, valY, validationSplit = 0, epochs, batchSize, shuffle, seed } = flags;
    if ((valX === undefined) !== (valY === undefined)) {
      throw new FoveaError('ARGUMENT', 'fit: --val-x and --val-y go together');
    }
    const model = await openModelFor(path, flags.x);
    compileFor(model, flags);
    const data = await examples(model, flags.x, flags.y, '');
    const { history } = await model.fit(...data, {
      ...{ epochs, batchSize, shuffle, validationSplit, verbose: flags.json ? 'auto' : 0 },
      ...(seed !== undefined && { seed }),
      ...(valX && valY && { validationData: await examples(model, valX, valY, 'val-') }),
      callbacks: flags.json ? [] : [{ onEpochEnd: printEpoch }],
    });
    await saveModel(model, flags.output);
    if (flags.json) printJson({ history });
  });
}

function printEpoch(epoch: number, logs: Readonly<Record<string, number>>): void {
  const values = Object.entries(logs).map(([name, value]) => `${name}: ${value.toPrecision(6)}`);
  process.stdout.write(`epoch ${epoch + 1}  ${values.join('  ')}\n`);
}

/** Adds the flags that say how a model is trained. */
export function withTraining(command: Command): Command {
  return command
    .option('--optimizer <name>', 'sgd, rmsprop, adam, adamw, ...; default: that of the model')
    .option('--learning-rate <rate>', 'default: that of the optimizer', number(0))
    .option(
      '--loss <name>',
      'sparse_categorical_crossentropy, mse, ...; repeat it, or write OUTPUT=NAME, for several ' +
        'outputs; default: of the model',
      collect,
    )
    .option('--metrics <names>', 'accuracy,auc,...; likewise; default: of the model', collect);
}

/** Keeps how the model is trained, but for what flags say. */
export function compileFor(model: Model, flags: TrainingFlags): void {
  const own = model.compiled;
  const names = model.outputNames;
  const loss = flags.loss ? forOutputs('--loss', flags.loss, names) : own?.loss;
  const lists = flags.metrics && forOutputs('--metrics', flags.metrics, names);
  const metrics = lists ? lists.map((list) => list.split(',').filter(Boolean)) : own?.metrics;
  if (loss === undefined) {
    throw new FoveaError('ARGUMENT', 'the model was saved without a loss: pass --loss');
  }
  model.compile({
    optimizer: optimizerFor(own, flags),
    loss: loss as CompileOptions['loss'],
    metrics: (metrics ?? []) as NonNullable<CompileOptions['metrics']>,
    lossWeights: own?.lossWeights,
    ...(own && !lists && { weightedMetrics: own.weightedMetrics }),
  });
}

/** One value for all outputs, or one for each of them. */
function forOutputs(flag: string, values: readonly string[], names: readonly string[]): string[] {
  const [first] = values;
  const isForAll = values.length === 1 && !names.some((name) => first!.startsWith(`${name}=`));
  return isForAll ? names.map(() => first!) : perName(flag, values, names);
}

function optimizerFor(
  own: Model['compiled'],
  { optimizer: className, learningRate }: TrainingFlags,
): CompileOptions['optimizer'] {
  const config = learningRate === undefined ? {} : { learningRate };
  if (className !== undefined || !own) return { className: className ?? 'rmsprop', config };
  if (learningRate !== undefined) own.optimizer.learningRate = learningRate;
  return own.optimizer;
}

/** Reads the samples and targets of a model. */
export async function examples(
  model: Model,
  x: readonly string[],
  y: readonly string[],
  prefix: string,
): Promise<[Inputs, Inputs]> {
  return [
    await readArrays(`--${prefix}x`, x, model.inputNames),
    await readArrays(`--${prefix}y`, y, model.outputNames),
  ];
}
