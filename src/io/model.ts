import { isFolder, readFileOrThrow, readStart, withFile, writeFileAtomic } from '#files';
import { FoveaError, type ErrorCode } from '../errors.js';
import type { Model } from '../nn/model.js';
import { formatShape, sameShape } from '../shape.js';
import { uploadParts, type Parts } from '../tensor.js';
import { onePart, type FileTensor, type StoredTensor } from './formats/array.js';
import { readHdf5, type Hdf5Group } from './formats/hdf5.js';
import { writeHdf5 } from './formats/hdf5_write.js';
import { readNpz, writeNpz } from './formats/npy.js';
import { writeSafetensors } from './formats/safetensors.js';
import { safetensorsIn } from './formats/safetensors_file.js';
import { readZip, writeZip } from './formats/zip.js';
import { continuationOf, makeModel, type LoadOptions } from './keras/make_model.js';
import { isObject, textOf } from './keras/options.js';
import { loadTfjsWeights, readTfjs } from './keras/tfjs.js';
import { writeTraining } from './keras/training.js';
import {
  loadKerasWeights,
  loadLegacyOptimizer,
  loadLegacyWeights,
  loadOptimizer,
  optimizerTree,
  weightTree,
} from './keras/weights.js';
import { writeArchitecture } from './keras/write_config.js';
import { writeOnnx } from './onnx/write.js';

export type { LoadOptions };

/**
 * Writes a model, in the format that the name tells:
 *
 * - `.keras`: everything, for fovea and Keras 3: architecture, weights, how it is trained, what the
 *   optimizer keeps
 * - `.weights.h5`, `.safetensors` and `.npz`: the weights alone
 * - `.onnx`: for inference elsewhere; pictures stay [n, height, width, channels]
 *
 * The file is written under a temporary name and then renamed.
 *
 * @throws FoveaError ARGUMENT for another name, FILE when it cannot be written
 */
export async function saveModel(model: Model, path: string): Promise<void> {
  await writeFileAtomic(path, await modelBytes(model, path));
}

/**
 * What `saveModel` writes.
 *
 * @throws FoveaError ARGUMENT for a name without a known ending, FILE for what the format cannot hold
 */
export async function modelBytes(model: Model, path: string): Promise<Uint8Array> {
  return writers[modelEnding(path)](model);
}

const writers = {
  '.keras': kerasBytes,
  '.weights.h5': async (model: Model) => writeHdf5(await weightTree(model)),
  '.safetensors': async (model: Model) => writeSafetensors(await weightMap(model)),
  '.npz': async (model: Model) => writeNpz(await weightMap(model)),
  '.onnx': async (model: Model) => writeOnnx(model, await weightMap(model)),
} as const;

/** The ending that tells in which format a model is saved. Throws ARGUMENT for other names. */
export function modelEnding(path: string): keyof typeof writers {
  const endings = Object.keys(writers) as (keyof typeof writers)[];
  const found = endings.find((ending) => path.endsWith(ending));
  if (found) return found;
  throw new FoveaError('ARGUMENT', `cannot save a model as ${path}: the ending tells the format`, {
    hint: `Endings are ${endings.join(', ')}.`,
  });
}

async function kerasBytes(model: Model): Promise<Uint8Array> {
  const tree = await weightTree(model);
  const { compiled } = model;
  const groups = new Map(tree.groups);
  if (compiled) groups.set('optimizer', await optimizerTree(compiled.optimizer, model));
  const config = { ...writeArchitecture(model), compile_config: writeTraining(model) };
  // Keras reads the version only; the rest continues random streams.
  const metadata = {
    keras_version: KERAS_VERSION,
    date_saved: null,
    fovea: { seed: model.seed, epochsTrained: model.epochsTrained },
  };
  return writeZip(
    new Map([
      ['metadata.json', jsonBytes(metadata)],
      ['config.json', jsonBytes(config)],
      ['model.weights.h5', await writeHdf5({ ...tree, groups })],
    ]),
  );
}

/** Of Keras, whose format is written. */
const KERAS_VERSION = '3.15.0';

/** Options of optimizers and schedules that Keras refuses, or computes in int32, without a point. */
const FLOATS: ReadonlySet<string> = new Set([
  ...['learning_rate', 'momentum', 'initial_learning_rate', 'end_learning_rate', 'decay_rate'],
  ...['power', 'warmup_target', 'alpha', 't_mul', 'm_mul', 'values'],
]);

/** JSON in which whole numbers of `FLOATS` are written as 1.0. */
function jsonBytes(value: unknown): Uint8Array {
  const mark = (each: unknown): unknown => (Number.isInteger(each) ? `\0${String(each)}` : each);
  const text = JSON.stringify(value, (key, each: unknown) => {
    if (!FLOATS.has(key)) return each;
    return Array.isArray(each) ? each.map(mark) : mark(each);
  });
  return new TextEncoder().encode(text.replace(/"\\u0000(-?\d+)"/g, '$1.0'));
}

async function weightMap(model: Model): Promise<Map<string, StoredTensor>> {
  const all = new Map<string, StoredTensor>();
  for (const { name, value } of model.weights) {
    const data = (await value.data()) as Float32Array;
    all.set(name, { dtype: 'float32', shape: [...value.shape], data });
  }
  return all;
}

/**
 * Reads a model: `.keras` of Keras 3, a whole model in `.h5` of Keras 2 or 3, or `model.json` of
 * TensorFlow.js (also its folder). The content tells the format. Needs an open GPU.
 *
 * @throws FoveaError FILE, naming the file and all that is wrong with it
 */
export async function loadModel(path: string, options: LoadOptions = {}): Promise<Model> {
  const file = (await isFolder(path)) ? `${path}/model.json` : path;
  const start = await readStart(file, 4);
  return inFile(file, async () => {
    if (startsWith(start, 'PK')) return loadKeras(await readFileOrThrow(file), options);
    if (startsWith(start, '\x89HDF')) {
      return withFile(file, (source) =>
        readHdf5(source, (root) => loadWholeHdf5(root, source.length, options)),
      );
    }
    if (startsWith(start, '{')) {
      const json = parseJson(await readFileOrThrow(file));
      const { architecture, training, version, weights } = await readTfjs(file, json);
      const fileBytes = [...weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
      const load = (model: Model): void => loadTfjsWeights(weights, model);
      return makeModel({ architecture, training, version, fileBytes, load }, options);
    }
    throw new FoveaError('FILE', 'it is no model: neither a zip, an HDF5 nor a JSON file');
  });
}

/**
 * Loads weights into a model: from `.weights.h5`, a legacy `.h5`, `.keras`, `.safetensors` or
 * `.npz`. The content tells the format.
 *
 * @param byName of legacy files: whether layers are found by name, and others left as they are
 * @throws FoveaError FILE that lists all weights that are missing or have another shape
 */
export async function loadWeights(
  model: Model,
  path: string,
  { byName = false }: { readonly byName?: boolean } = {},
): Promise<void> {
  const start = await readStart(path, 4);
  // What is written while the GPU is busy is kept twice by the driver until it is done.
  await model.weights[0]?.value.device.recorder.finish();
  await inFile(path, async () => {
    if (startsWith(start, 'PK')) {
      const bytes = await readFileOrThrow(path);
      const inner = readZip(bytes).get('model.weights.h5');
      if (inner) await readHdf5(inner, (root) => loadKerasWeights(root, model));
      else fillFrom(model, readNpz(bytes));
    } else if (startsWith(start, '\x89HDF')) {
      await withFile(path, (source) =>
        readHdf5(source, (root) => loadAnyWeights(root, model, byName)),
      );
    } else {
      await withFile(path, (source) => fill(model, safetensorsIn(source)));
    }
  });
}

/**
 * Gives a model the weights of these names.
 *
 * @throws FoveaError FILE for the first that is missing or has another shape
 */
export function fillFrom(model: Model, stored: ReadonlyMap<string, StoredTensor>): void {
  fill(model, new Map([...stored].map(([name, tensor]) => [name, onePart(tensor)])));
}

function loadAnyWeights(root: Hdf5Group, model: Model, byName: boolean): void {
  const legacy = root.kind('model_weights') === 'group' ? root.group('model_weights') : root;
  if (legacy.attribute('layer_names') !== undefined) loadLegacyWeights(legacy, model, byName);
  else loadKerasWeights(root, model);
}

async function loadKeras(bytes: Uint8Array, options: LoadOptions): Promise<Model> {
  const members = readZip(bytes);
  const architecture = parseJson(member(members, 'config.json'));
  const metadata = parseJson(member(members, 'metadata.json'));
  const training = isObject(architecture) ? architecture['compile_config'] : undefined;
  const weights = member(members, 'model.weights.h5');
  const continuation = continuationOf(metadata);
  const version = isObject(metadata) ? textOf(metadata['keras_version']) : undefined;
  return readHdf5(weights, (root) => {
    const load = (model: Model): void => {
      loadKerasWeights(root, model);
      if (model.compiled) loadOptimizer(root, model.compiled.optimizer, model);
    };
    const fileBytes = weights.length;
    const parts = { architecture, training, continuation, version, fileBytes, load };
    return makeModel(parts, options);
  });
}

function loadWholeHdf5(root: Hdf5Group, fileBytes: number, options: LoadOptions): Model {
  const json = root.attribute('model_config');
  if (typeof json !== 'string' || root.kind('model_weights') !== 'group') {
    throw new FoveaError('FILE', 'it holds no architecture, only weights', {
      hint: 'Build the model, then call loadWeights(model, path); or fovea convert --architecture.',
    });
  }
  const how = root.attribute('training_config');
  const training = typeof how === 'string' ? parseText(how) : undefined;
  const load = (model: Model): void => {
    loadLegacyWeights(root.group('model_weights'), model);
    if (model.compiled) loadLegacyOptimizer(root, model.compiled.optimizer, model);
  };
  // The oldest files name no version.
  const version = textOf(root.attribute('keras_version')) ?? '1';
  return makeModel({ architecture: parseText(json), training, version, fileBytes, load }, options);
}

/** One weight after the other: no more than a part of one is in memory. */
function fill(model: Model, stored: ReadonlyMap<string, FileTensor>): void {
  for (const { name, value } of model.weights) {
    const found = stored.get(name);
    const expected = `float32 ${formatShape(value.shape)}`;
    if (!found) throw new FoveaError('FILE', `expected a tensor "${name}" ${expected}, found none`);
    if (found.dtype !== 'float32' || !sameShape(found.shape, value.shape)) {
      const actual = `${found.dtype} ${formatShape(found.shape)}`;
      throw new FoveaError('FILE', `expected "${name}" ${expected}, found ${actual}`);
    }
    uploadParts(value, found.parts as Parts);
  }
}

function member(members: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = members.get(name);
  if (bytes) return bytes;
  throw new FoveaError('FILE', `it has no ${name}`, {
    hint: 'A .keras file is a zip of config.json, metadata.json and model.weights.h5.',
  });
}

function parseJson(bytes: Uint8Array): unknown {
  return parseText(new TextDecoder().decode(bytes));
}

function parseText(text: string): unknown {
  return JSON.parse(text) as unknown;
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return Array.from(text, (char) => char.charCodeAt(0)).every((code, i) => bytes[i] === code);
}

/** Codes of errors that, while a file is read, say that it is wrong. */
const OF_CONTENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ARGUMENT', 'SHAPE', 'DATA']);

/** Runs `fn`; what it throws becomes an error that names the file. */
export async function inFile<T>(path: string, fn: () => T | Promise<T>): Promise<T> {
  try {
    return await fn();
  } catch (cause) {
    const isDeep = cause instanceof RangeError && cause.message.includes('call stack');
    const problem = isDeep ? 'it is nested too deeply' : (cause as Error).message;
    const isOther = cause instanceof FoveaError && !OF_CONTENT.has(cause.code);
    const code = isOther ? cause.code : 'FILE';
    throw new FoveaError(code, `${path}: ${problem}`, { cause });
  }
}
