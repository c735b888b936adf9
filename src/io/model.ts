import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { FoveaError } from '../errors.js';
import type { Serialized } from '../nn/config.js';
import { Loss, lossOf, type LossName, type LossOptions } from '../nn/losses.js';
import type { MetricName } from '../nn/metrics.js';
import { optimizerOf } from '../nn/optimizers.js';
import { sequentialFromConfig, type Sequential, type SequentialConfig } from '../nn/sequential.js';
import { assign } from '../nn/update.js';
import { formatShape, sameShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { readFileOrThrow, writeFileAtomic } from './files.js';
import { readSafetensors, writeSafetensors, type StoredTensor } from './formats/safetensors.js';

const FORMAT = 'fovea-model';
const VERSION = 1;
const MODEL_FILE = 'model.json';
const WEIGHTS_FILE = 'weights.safetensors';

/** The content of `model.json`. */
interface ModelFile {
  readonly format: typeof FORMAT;
  readonly version: number;
  readonly className: 'Sequential';
  readonly config: SequentialConfig;
  readonly epochsTrained: number;
  /** Null for a model that was not compiled. */
  readonly training: TrainingFile | null;
}

interface TrainingFile {
  readonly optimizer: Serialized;
  /** Steps done. */
  readonly iterations: number;
  readonly loss: { readonly name: LossName; readonly options: LossOptions };
  readonly metrics: readonly MetricName[];
}

let temporaryCount = 0;

/**
 * Writes a model into a folder: `model.json` (architecture, how it is trained, counters of the
 * random streams) and `weights.safetensors` (weights and what the optimizer keeps). Loaded and
 * trained on, it continues bit by bit as it would have. A model that was saved there before is
 * replaced as a whole; the folder never holds half a model.
 *
 * @throws FoveaError FILE when the folder holds something else, or cannot be written
 */
export async function saveModel(model: Sequential, folder: string): Promise<void> {
  await checkReplaceable(folder);
  const json = JSON.stringify(describe(model), null, 2);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of storedTensors(model)) {
    const data = (await tensor.data()) as Float32Array;
    tensors.set(name, { dtype: 'float32', shape: [...tensor.shape], data });
  }
  const target = resolve(folder);
  const temporary = join(
    dirname(target),
    `.${basename(target)}.${process.pid}-${++temporaryCount}.tmp`,
  );
  try {
    await writeFileAtomic(join(temporary, WEIGHTS_FILE), writeSafetensors(tensors));
    await writeFileAtomic(join(temporary, MODEL_FILE), `${json}\n`);
    await replaceFolder(temporary, target);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * Reads what `saveModel` wrote. Needs an open GPU.
 *
 * @throws FoveaError FILE, naming the file and what is wrong with it
 */
export async function loadModel(folder: string): Promise<Sequential> {
  const modelPath = join(folder, MODEL_FILE);
  const weightsPath = join(folder, WEIGHTS_FILE);
  const file = parse(modelPath, await readFileOrThrow(modelPath));
  const bytes = await readFileOrThrow(weightsPath);
  const { tensors } = inFile(weightsPath, () => readSafetensors(bytes));
  const model = inFile(modelPath, () => sequentialFromConfig(file.config));
  try {
    inFile(modelPath, () => restoreTraining(model, file));
    fill(model, tensors, weightsPath);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function describe(model: Sequential): ModelFile {
  const { compiled } = model;
  return {
    format: FORMAT,
    version: VERSION,
    className: 'Sequential',
    config: model.getConfig(),
    epochsTrained: model.epochsTrained,
    training: compiled
      ? {
          optimizer: compiled.optimizer.getConfig(),
          iterations: compiled.optimizer.iterations,
          loss: { name: compiled.loss.name, options: compiled.loss.options },
          metrics: compiled.metrics,
        }
      : null,
  };
}

/** All tensors of a model under their names in the file. */
function storedTensors(model: Sequential): Map<string, Tensor> {
  const all = new Map(model.weights.map(({ name, value }) => [name, value]));
  const state = model.compiled?.optimizer.state(model.weights) ?? new Map<string, Tensor>();
  for (const [name, tensor] of state) all.set(`optimizer/${name}`, tensor);
  return all;
}

function parse(path: string, bytes: Uint8Array): ModelFile {
  const value = inFile(path, () => JSON.parse(new TextDecoder().decode(bytes)) as unknown);
  const file = (typeof value === 'object' ? value : null) as Partial<ModelFile> | null;
  if (file?.format !== FORMAT) {
    throw broken(path, `expected "format": "${FORMAT}", found ${JSON.stringify(file?.format)}`);
  }
  if (file.version !== VERSION) {
    throw broken(path, `expected version ${VERSION}, found ${JSON.stringify(file.version)}`);
  }
  const { config, epochsTrained } = file;
  if (file.className !== 'Sequential' || !Array.isArray(config?.layers)) {
    throw broken(path, 'expected a "Sequential" with a list "layers" in its "config"');
  }
  if (!Number.isSafeInteger(config.seed) || !isCount(epochsTrained)) {
    throw broken(path, 'expected whole numbers "seed" and "epochsTrained"');
  }
  return file as ModelFile;
}

function restoreTraining(model: Sequential, { training, epochsTrained }: ModelFile): void {
  model.epochsTrained = epochsTrained;
  if (!training) return;
  const { optimizer, loss, metrics, iterations } = training;
  if (!isCount(iterations)) throw new Error(`"iterations" is ${JSON.stringify(iterations)}`);
  model.compile({
    optimizer: optimizerOf(optimizer),
    loss: new Loss(lossOf(loss.name).name, loss.options),
    metrics,
  });
  model.compiled!.optimizer.iterations = iterations;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function fill(model: Sequential, stored: ReadonlyMap<string, StoredTensor>, path: string): void {
  const wanted = storedTensors(model);
  for (const [name, tensor] of wanted) {
    const found = stored.get(name);
    const expected = `float32 ${formatShape(tensor.shape)}`;
    if (!found) throw broken(path, `expected a tensor "${name}" ${expected}, found none`);
    if (found.dtype !== 'float32' || !sameShape(found.shape, tensor.shape)) {
      const actual = `${found.dtype} ${formatShape(found.shape)}`;
      throw broken(path, `expected "${name}" ${expected}, found ${actual}`);
    }
    assign(tensor, found.data);
  }
  for (const name of stored.keys()) {
    if (!wanted.has(name)) throw broken(path, `found a tensor "${name}" that no layer has`);
  }
}

/** Runs `fn`; what it throws becomes an error that names the file. */
function inFile<T>(path: string, fn: () => T): T {
  try {
    return fn();
  } catch (cause) {
    throw broken(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function broken(path: string, problem: string, cause?: unknown): FoveaError {
  return new FoveaError('FILE', `${path} is no usable part of a model: ${problem}`, {
    hint: 'Save the model again, or take it from a copy.',
    ...(cause !== undefined && { cause }),
  });
}

/** Throws unless `folder` is missing, empty, or a model that was saved before. */
async function checkReplaceable(folder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new FoveaError('FILE', `cannot save to ${folder}: it is no folder`, { cause });
  }
  const foreign = names.filter((name) => name !== MODEL_FILE && name !== WEIGHTS_FILE);
  const known = names.length === 0 || (names.includes(MODEL_FILE) && foreign.length === 0);
  const isModel = known && (names.length === 0 || (await isModelFile(join(folder, MODEL_FILE))));
  if (isModel) return;
  throw new FoveaError('FILE', `cannot save to ${folder}: it holds ${describeNames(names)}`, {
    hint: 'Only a saved model is overwritten. Choose another folder.',
  });
}

function describeNames(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

async function isModelFile(path: string): Promise<boolean> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(await readFileOrThrow(path)));
    return (value as Partial<ModelFile> | null)?.format === FORMAT;
  } catch {
    return false;
  }
}

/** Puts a finished folder in the place of an older one. */
async function replaceFolder(finished: string, target: string): Promise<void> {
  const old = `${finished}.old`;
  try {
    await mkdir(dirname(target), { recursive: true });
    const replaced = await rename(target, old).then(
      () => true,
      () => false,
    );
    try {
      await rename(finished, target);
    } catch (cause) {
      if (replaced) await rename(old, target);
      throw cause;
    }
    await rm(old, { recursive: true, force: true });
  } catch (cause) {
    throw new FoveaError('FILE', `cannot write the folder ${target}: ${String(cause)}`, { cause });
  }
}
