import { FoveaError } from '../../errors.js';
import { snakeCase, type Layer, type Weight } from '../../nn/layer.js';
import { Model } from '../../nn/model.js';
import type { Optimizer } from '../../nn/optimizers.js';
import { formatShape, sameShape } from '../../shape.js';
import { uploadParts } from '../../tensor.js';
import { wholeTensor, type FileTensor, type StoredTensor } from '../formats/array.js';
import type { Hdf5Group } from '../formats/hdf5.js';
import type { Hdf5Array, Hdf5Tree } from '../formats/hdf5_write.js';
import { Problems } from './options.js';
import { throwProblems } from './read_config.js';

/** Where the layers of a model are in a Keras 3 file: 'layers/conv2d_1', counted per model. */
function layerPaths(model: Model): (readonly [path: string, layer: Layer])[] {
  const counts = new Map<string, number>();
  return model.layers.map((layer) => {
    const type = snakeCase(layer.className);
    const count = counts.get(type) ?? 0;
    counts.set(type, count + 1);
    return [`layers/${type}${count === 0 ? '' : `_${count}`}`, layer];
  });
}

/**
 * Loads the weights in a Keras 3 file: of `.weights.h5`, and of `model.weights.h5` in a `.keras`.
 *
 * @throws FoveaError FILE that lists all weights that are missing or have another shape
 */
export function loadKerasWeights(root: Hdf5Group, model: Model): void {
  const problems = new Problems();
  loadModelWeights(root, model, '', new Set(), problems);
  throwProblems(problems);
}

function loadModelWeights(
  root: Hdf5Group,
  model: Model,
  prefix: string,
  seen: Set<Layer>,
  problems: Problems,
): void {
  // The names of layers are the best key; files of older versions have only the paths.
  const named = new Map<string, Hdf5Group>();
  const layers = groupAt(root, 'layers');
  for (const name of layers?.names() ?? []) {
    const group = groupAt(layers, name);
    const real = groupAt(group, 'vars')?.attribute('name');
    if (typeof real === 'string') named.set(real, group!);
  }
  const isNamed = model.layers.every(
    ({ name, weights }) => weights.length === 0 || named.has(name),
  );
  for (const [path, layer] of layerPaths(model)) {
    if (seen.has(layer)) continue;
    seen.add(layer);
    const group = isNamed ? named.get(layer.name) : groupAt(root, path);
    const where = `${prefix}${layer.name}`;
    if (layer instanceof Model) {
      if (group) loadModelWeights(group, layer, `${where}/`, seen, problems);
      else problems.add(where, `the file has no ${path}`);
    } else {
      layer.weights.forEach((weight, i) => {
        const array = arrayAt(group, `vars/${i}`);
        load(weight.value, array, `${where}/${roleOf(weight)}`, problems);
      });
    }
  }
}

function groupAt(group: Hdf5Group | undefined, path: string): Hdf5Group | undefined {
  return group?.kind(path) === 'group' ? group.group(path) : undefined;
}

function arrayAt(group: Hdf5Group | undefined, path: string): FileTensor | undefined {
  return group?.kind(path) === 'array' ? group.arrayInParts(path) : undefined;
}

function roleOf({ name }: Weight): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** Gives a weight the values of an array, if that is there and has its shape. */
export function load(
  target: Weight['value'],
  array: FileTensor | undefined,
  where: string,
  problems: Problems,
): void {
  if (!array) {
    problems.add(where, 'is missing in the file');
  } else if (!sameShape(array.shape, target.shape)) {
    problems.add(
      where,
      `has shape ${formatShape(target.shape)}, the file ${formatShape(array.shape)}`,
    );
  } else {
    uploadParts(target, (use) => {
      array.parts((part) => {
        use(part instanceof Float32Array ? part : Float32Array.from(part));
      });
    });
  }
}

/**
 * The content of a `.weights.h5` file. Waits for the GPU.
 *
 * @param seen layers that are stored already: each is stored once
 */
export async function weightTree(model: Model, seen = new Set<Layer>()): Promise<Hdf5Tree> {
  const layers = new Map<string, Hdf5Tree>();
  for (const [path, layer] of layerPaths(model)) {
    if (seen.has(layer)) continue;
    seen.add(layer);
    const key = path.slice('layers/'.length);
    const own = layer instanceof Model ? await weightTree(layer, seen) : await layerTree(layer);
    layers.set(key, own);
  }
  return {
    groups: new Map([
      ['layers', { groups: layers }],
      ['vars', { attributes: { name: model.name } }],
    ]),
  };
}

async function layerTree({ name, weights }: Layer): Promise<Hdf5Tree> {
  const arrays: StoredTensor[] = [];
  for (const { value } of weights) {
    const data = (await value.data()) as Float32Array;
    arrays.push({ dtype: 'float32', shape: [...value.shape], data });
  }
  return varsTree(name, arrays);
}

/** A group 'vars' with the arrays under their numbers. */
function varsTree(name: string, arrays: readonly Hdf5Array[]): Hdf5Tree {
  const numbered = new Map(arrays.map((array, i) => [String(i), array]));
  return { groups: new Map([['vars', { attributes: { name }, arrays: numbered }]]) };
}

/** What an optimizer keeps, as Keras 3 stores it: step, learning rate, then the slots. */
export async function optimizerTree(optimizer: Optimizer, model: Model): Promise<Hdf5Tree> {
  const { iterations, hasSchedule, learningRate } = optimizer;
  const arrays: Hdf5Array[] = [
    { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(iterations)) },
  ];
  if (!hasSchedule) {
    arrays.push({ dtype: 'float32', shape: [], data: Float32Array.of(learningRate) });
  }
  for (const tensor of optimizer.state(model.weights).values()) {
    const data = (await tensor.data()) as Float32Array;
    arrays.push({ dtype: 'float32', shape: [...tensor.shape], data });
  }
  return varsTree(snakeCase(optimizer.className), arrays);
}

/**
 * Loads what an optimizer keeps, from a Keras 3 file. A file whose model was not trained has nothing
 * to load.
 *
 * @throws FoveaError FILE when the file keeps something else
 */
export function loadOptimizer(root: Hdf5Group, optimizer: Optimizer, model: Model): void {
  const group = groupAt(root, 'optimizer/vars');
  if (!group) return;
  const count = group.names().length;
  fillOptimizer(
    Array.from({ length: count }, (_, i) => arrayAt(group, String(i))),
    optimizer,
    model,
  );
}

/** `loadOptimizer` for a whole model in a legacy file. Files of Keras 2 keep it in another order. */
export function loadLegacyOptimizer(root: Hdf5Group, optimizer: Optimizer, model: Model): void {
  const group = groupAt(root, 'optimizer_weights');
  const names = strings(group?.attribute('weight_names'));
  const isKeras3 = names.some((name) => name.endsWith('/learning_rate'));
  if (isKeras3)
    fillOptimizer(
      names.map((name) => arrayAt(group, name)),
      optimizer,
      model,
    );
}

/** Iteration, learning rate (unless a schedule gives it), then the slots. */
function fillOptimizer(
  arrays: readonly (FileTensor | undefined)[],
  optimizer: Optimizer,
  model: Model,
): void {
  const { hasSchedule } = optimizer;
  const [step, rate] = arrays;
  const slots = arrays.slice(hasSchedule ? 1 : 2);
  const state = [...optimizer.state(model.weights)];
  if (slots.length > 0 && slots.length !== state.length) {
    throw new FoveaError(
      'FILE',
      `the file keeps ${slots.length} tensors of the optimizer, ${optimizer.className} has ` +
        String(state.length),
    );
  }
  const problems = new Problems();
  if (slots.length > 0) {
    state.forEach(([name, tensor], i) => load(tensor, slots[i], `optimizer/${name}`, problems));
  }
  throwProblems(problems);
  const firstOf = (array: FileTensor | undefined): number | undefined =>
    array && wholeTensor(array).data[0];
  optimizer.iterations = firstOf(step) ?? 0;
  // The rate is stored as float32: it replaces only one that differs.
  const stored = hasSchedule ? undefined : firstOf(rate);
  if (stored !== undefined && stored !== Math.fround(optimizer.learningRate)) {
    optimizer.learningRate = stored;
  }
}

/**
 * Loads the weights of a legacy file: the root of a weights-only `.h5`, or `model_weights` of a
 * whole model.
 *
 * @param byName whether layers are found by their names, and those that the file lacks are left; by
 *   default, layers with weights are taken in their order; but by name when the model has fewer, and
 *   the file has them all
 * @throws FoveaError FILE when counts or shapes differ
 */
export function loadLegacyWeights(root: Hdf5Group, model: Model, byName = false): void {
  const problems = new Problems();
  const names = strings(root.attribute('layer_names'));
  const groups = names.map((name) => [name, legacyArrays(groupAt(root, name))] as const);
  const own = model.layers.filter(({ weights }) => weights.length > 0);
  const stored = groups.filter(([, arrays]) => arrays.length > 0);
  const byLayer = new Map(stored);
  // The file of a whole network serves one without its top.
  const isPart = own.length < stored.length && own.every(({ name }) => byLayer.has(name));
  if (!byName && !isPart && own.length !== stored.length) {
    throw new FoveaError(
      'FILE',
      `the file has weights for ${stored.length} layers, the model has ${own.length} with weights`,
      { hint: 'Load by name, or build the model with the same layers as the file.' },
    );
  }
  own.forEach((layer, i) => {
    const arrays = byName || isPart ? byLayer.get(layer.name) : stored[i]![1];
    if (!arrays) return;
    const weights = legacyOrder(layer);
    if (arrays.length !== weights.length) {
      problems.add(layer.name, `has ${weights.length} weights, the file ${arrays.length}`);
      return;
    }
    weights.forEach(({ value, name }, k) => load(value, arrays[k], name, problems));
  });
  throwProblems(problems);
}

function legacyArrays(group: Hdf5Group | undefined): (FileTensor | undefined)[] {
  return strings(group?.attribute('weight_names')).map((name) => arrayAt(group, name));
}

/** Weights that are trained come first, as in `layer.weights` of Keras. */
function legacyOrder({ weights }: Layer): readonly Weight[] {
  return [
    ...weights.filter(({ trainable }) => trainable),
    ...weights.filter(({ trainable }) => !trainable),
  ];
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
