import { nextTo, readFileOrThrow } from '#files';
import { FoveaError } from '../../errors.js';
import type { Model } from '../../nn/model.js';
import { onePart, type StoredTensor } from '../formats/array.js';
import { readTfjsWeights } from '../formats/tfjs.js';
import { isObject, Problems, textOf } from './options.js';
import { throwProblems } from './read_config.js';
import { load } from './weights.js';

/** The parts of a TensorFlow.js layers-model. */
export interface TfjsParts {
  readonly architecture: unknown;
  readonly training: unknown;
  /** Of the Keras whose rules hold. */
  readonly version: string;
  readonly weights: ReadonlyMap<string, StoredTensor>;
}

/**
 * Reads a layers-model of TensorFlow.js: `model.json` and the shards beside it.
 *
 * @param path of `model.json`
 * @throws FoveaError FILE when it is another kind of model, or a shard is missing or has another size
 */
export async function readTfjs(path: string, json: unknown): Promise<TfjsParts> {
  const file = isObject(json) ? json : {};
  const { modelTopology: topology, weightsManifest: manifest } = file;
  if (!isObject(topology) || file['format'] === 'graph-model') {
    throw new FoveaError('FILE', 'it is no layers-model of TensorFlow.js', {
      hint: 'Graph models hold no layers. Save the Keras model as .keras instead.',
    });
  }
  const shards = new Map<string, Uint8Array>();
  for (const shard of shardPaths(manifest)) {
    shards.set(shard, await readFileOrThrow(nextTo(path, shard)));
  }
  const weights = readTfjsWeights(manifest, (shard) => shards.get(shard)!);
  const version = textOf(topology['keras_version']) ?? '';
  return {
    // Models that TensorFlow.js made itself have another version here, and follow Keras 2.
    version: version.startsWith('3') ? version : '2',
    architecture: topology['model_config'] ?? topology,
    training: topology['training_config'] ?? file['trainingConfig'],
    weights,
  };
}

/** Names of files in the folder of the model; others are refused. */
function shardPaths(manifest: unknown): string[] {
  const groups: readonly unknown[] = Array.isArray(manifest) ? manifest : [];
  const paths = groups.flatMap((group): readonly unknown[] =>
    isObject(group) && Array.isArray(group['paths']) ? group['paths'] : [],
  );
  return paths.map((path) => {
    if (typeof path === 'string' && /^[^/\\]+$/.test(path) && path !== '..') return path;
    throw new FoveaError('FILE', `the path ${JSON.stringify(path)} of a shard is no file name`);
  });
}

/** Loads weights under names as 'conv2d/kernel', which may have the names of models before them. */
export function loadTfjsWeights(weights: TfjsParts['weights'], model: Model): void {
  const problems = new Problems();
  const byEnd = new Map<string, StoredTensor[]>();
  for (const [name, array] of weights) {
    const end = name.split('/').slice(-2).join('/');
    byEnd.set(end, [...(byEnd.get(end) ?? []), array]);
  }
  for (const { name, value } of model.weights) {
    const end = name.split('/').slice(-2).join('/');
    const names = [end, end.replace(/\/kernel$/, '/depthwise_kernel')];
    const found = weights.get(name) ?? names.flatMap((each) => byEnd.get(each) ?? []);
    const [array, second] = Array.isArray(found) ? found : [found];
    if (second) problems.add(name, 'there are several weights of that name in the file');
    else load(value, array && onePart(array), name, problems);
  }
  throwProblems(problems);
}
