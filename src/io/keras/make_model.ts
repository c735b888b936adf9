import { FoveaError } from '../../errors.js';
import { defaultDevice } from '../../gpu/init.js';
import { layerFromConfig, type CustomLayers } from '../../nn/deserialize.js';
import type { Place } from '../../nn/functional.js';
import { Model } from '../../nn/model.js';
import type { Shape } from '../../shape.js';
import { isObject, Problems } from './options.js';
import { readArchitecture, throwProblems, type ConfigContext } from './read_config.js';
import { readTraining } from './training.js';

/** Options of `loadModel`. */
export interface LoadOptions {
  /** Layers of one's own, under their class names. */
  readonly customLayers?: CustomLayers;
  /**
   * Of one sample, for files that leave sizes open: of each input in the model's order, or by name.
   * A single one goes for every input.
   */
  readonly inputShapes?: readonly Shape[] | Readonly<Record<string, Shape>>;
  /** Whether the model is compiled as it was when it was saved. Default true. */
  readonly compile?: boolean;
}

/** Counters of random streams. */
export interface Continuation {
  readonly seed: number;
  readonly epochsTrained: number;
}

/** What fovea adds to the metadata. Throws FILE unless they are whole numbers from 0. */
export function continuationOf(metadata: unknown): Continuation | undefined {
  const found = isObject(metadata) ? metadata['fovea'] : undefined;
  if (found === undefined) return undefined;
  const { seed, epochsTrained } = isObject(found) ? found : {};
  if (isCount(seed) && isCount(epochsTrained)) return { seed, epochsTrained };
  throw new FoveaError('FILE', `metadata.json has ${JSON.stringify(found)} for "fovea"`, {
    hint: 'It needs whole numbers "seed" and "epochsTrained".',
  });
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** What a file holds. */
export interface Parts {
  readonly architecture: unknown;
  readonly training: unknown;
  readonly continuation?: Continuation | undefined;
  /** Of the Keras that wrote it. */
  readonly version?: string | undefined;
  /** Size of the stored weights. */
  readonly fileBytes: number;
  readonly load: (model: Model) => void;
}

/**
 * A model from its parts in a file; freed when one of them is wrong.
 *
 * @throws FoveaError FILE that lists all that is wrong with architecture and training
 */
export function makeModel(
  { architecture, training, continuation, version, fileBytes, load }: Parts,
  { customLayers = {}, inputShapes, compile = true }: LoadOptions,
): Model {
  const context: ConfigContext = { customLayers, inputShapes, version };
  const problems = new Problems();
  const found = readArchitecture(architecture, context, problems);
  const ends = (found?.config['outputs'] ?? []) as readonly Place[];
  const outputs = ends.map(([layer]) => layer);
  const how = compile ? readTraining(training, outputs, problems) : undefined;
  throwProblems(problems);
  const { className, config } = found!;
  const seeded = continuation ? { ...config, seed: continuation.seed } : config;
  // Weights may be packed in the file, but a size like this is a mistake in it.
  const most = 2 ** 26 + 16 * fileBytes;
  const tooMuch = (): FoveaError =>
    new FoveaError('FILE', `its layers need far more weights than its ${fileBytes} bytes hold`);
  const model = defaultDevice().memory.within(most, tooMuch, () =>
    layerFromConfig(className, seeded, customLayers),
  );
  if (!(model instanceof Model)) throw new FoveaError('FILE', `${className} is no model`);
  try {
    model.epochsTrained = continuation?.epochsTrained ?? 0;
    if (how) model.compile(how);
    load(model);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}
