import { FoveaError } from '../errors.js';
import type { ActivationName } from '../nn/activations.js';
import { checkFlags, checkWord, withDefaults, type Given } from '../nn/config.js';
import { input, model, type Functional } from '../nn/functional.js';
import type { SymbolicTensor } from '../nn/graph.js';
import { checkInteger } from '../nn/layer.js';
import * as layers from '../nn/layers/index.js';
import { formatShape, type Shape } from '../shape.js';

/** What an application is built with. */
export interface Settings {
  readonly includeTop: boolean;
  readonly inputShape: Shape | null;
  readonly pooling: 'avg' | 'max' | null;
  readonly classes: number;
  readonly classifierActivation: ActivationName | null;
  readonly seed: number | null;
  readonly initialize: boolean;
  readonly name: string | null;
}

/** Options of every application: Keras's. */
export interface ApplicationOptions extends Given<Settings> {
  /** Whether the network ends in a classifier. Default true. */
  readonly includeTop?: boolean | undefined;
  /** [height, width, channels]. Default null: the size that the network was published for, RGB. */
  readonly inputShape?: Shape | null | undefined;
  /** Without a top: how the maps become one row of features. Default null: they stay maps. */
  readonly pooling?: 'avg' | 'max' | null | undefined;
  /** Of the classifier. Default 1000. */
  readonly classes?: number | undefined;
  /** Of the classifier. Default 'softmax'; null gives logits. */
  readonly classifierActivation?: ActivationName | null | undefined;
  /** Of the random weights: an integer from 0. Default null: another one each time. */
  readonly seed?: number | null | undefined;
  /** Whether weights get random values; false leaves them zero, to be loaded. Default true. */
  readonly initialize?: boolean | undefined;
  /** Default null: Keras's name. */
  readonly name?: string | null | undefined;
}

const DEFAULTS: Settings = {
  includeTop: true,
  inputShape: null,
  pooling: null,
  classes: 1000,
  classifierActivation: 'softmax',
  seed: null,
  initialize: true,
  name: null,
};

/** How a network is built. */
export interface Architecture {
  /** Keras's name of the model. */
  readonly name: string;
  /** Whether the name of a model ends in the height of its pictures. Default false. */
  readonly isNamedBySize?: boolean;
  /** Height and width that the network was published for. */
  readonly size: number;
  /** The smallest height and width. */
  readonly minSize: number;
  /** All that comes before the top. */
  readonly features: (pictures: SymbolicTensor) => SymbolicTensor;
  /** What comes before the classifier. Default: global average pooling. */
  readonly neck?: (features: SymbolicTensor) => SymbolicTensor;
  /** Names of the pooling layers without a top. Default: by type. */
  readonly poolNames?: { readonly avg: string; readonly max: string };
  /** Further options of the classifier. */
  readonly classifier?: Partial<layers.DenseOptions>;
}

/**
 * Options with their defaults.
 *
 * @throws FoveaError ARGUMENT for values that are not allowed
 */
export function settingsOf(
  { name: where, minSize }: Architecture,
  options: ApplicationOptions,
): Settings {
  const settings = withDefaults<Settings>(where, options, DEFAULTS);
  checkFlags(where, settings, 'includeTop', 'initialize');
  checkInteger(where, 'classes', settings.classes);
  if (settings.pooling !== null) checkWord(where, 'pooling', settings.pooling, ['avg', 'max']);
  if (settings.inputShape) checkPictures(where, settings.inputShape, minSize);
  if (settings.includeTop && settings.pooling !== null) {
    throw new FoveaError('ARGUMENT', `${where}: pooling is for networks without a top`, {
      hint: 'Set includeTop: false, or leave pooling out.',
    });
  }
  const { includeTop, classes, classifierActivation: activation } = settings;
  if (includeTop || (classes === 1000 && (activation === 'softmax' || activation === null))) {
    return settings;
  }
  throw new FoveaError(
    'ARGUMENT',
    `${where}: classes and classifierActivation belong to the top, which includeTop: false leaves out`,
    { hint: 'Leave them out, or put a classifier of your own on model.output.' },
  );
}

function checkPictures(where: string, shape: Shape, least: number): void {
  if (shape.length === 3 && shape.every((n) => Number.isInteger(n) && n > 0)) {
    if (Math.min(shape[0]!, shape[1]!) >= least) return;
    throw new FoveaError(
      'ARGUMENT',
      `${where}: pictures must have at least ${least} x ${least} pixels, got inputShape ` +
        formatShape(shape),
      { hint: 'Enlarge the pictures, or use a network for small ones, as cifar10Net.' },
    );
  }
  throw new FoveaError(
    'ARGUMENT',
    `${where}: inputShape must be [height, width, channels], got ${formatShape(shape)}`,
  );
}

/** Builds a network; `settings` are checked ones. Needs an open GPU. */
export function buildApplication(architecture: Architecture, settings: Settings): Functional {
  const { size, name, isNamedBySize = false } = architecture;
  const { includeTop, inputShape, seed, initialize } = settings;
  const pictures = input({ shape: inputShape ?? [size, size, 3] });
  const end = includeTop ? classify : pool;
  return model({
    inputs: pictures,
    outputs: end(architecture, settings, architecture.features(pictures)),
    name: settings.name ?? (isNamedBySize ? `${name}_${pictures.shape[0]!}` : name),
    initialize,
    ...(seed !== null && { seed }),
  });
}

function pool(
  architecture: Architecture,
  { pooling }: Settings,
  features: SymbolicTensor,
): SymbolicTensor {
  return pooling === null ? features : poolLayer(architecture, pooling).apply(features);
}

function classify(
  { neck, classifier, ...architecture }: Architecture,
  { classes, classifierActivation }: Settings,
  features: SymbolicTensor,
): SymbolicTensor {
  const rows = neck ? neck(features) : poolLayer(architecture, 'avg').apply(features);
  const activation = classifierActivation ?? 'linear';
  return layers
    .dense({ ...classifier, units: classes, activation, name: 'predictions' })
    .apply(rows);
}

function poolLayer(
  { poolNames }: Pick<Architecture, 'poolNames'>,
  kind: 'avg' | 'max',
): layers.GlobalAveragePooling2D | layers.GlobalMaxPooling2D {
  const options = { name: poolNames?.[kind] };
  return kind === 'avg'
    ? layers.globalAveragePooling2d(options)
    : layers.globalMaxPooling2d(options);
}
