import type { FunctionalConfig, Place } from '../../nn/functional.js';
import type { LayerConfig } from '../../nn/layer.js';
import { layerClasses } from '../../nn/layers/index.js';
import { Model } from '../../nn/model.js';
import type { SequentialConfig } from '../../nn/sequential.js';
import type { Shape } from '../../shape.js';
import { kerasActivation, keyOf } from './names.js';
import { isObject, type JsonObject } from './options.js';

/** An object as Keras 3 writes it. */
interface KerasObject {
  readonly module: string;
  readonly class_name: string;
  readonly config: JsonObject;
  readonly registered_name: string | null;
}

/** The architecture of a model, as Keras 3 writes it: the content of `config.json`. */
export function writeArchitecture(model: Model): JsonObject {
  const description = { className: model.className, config: model.getConfig() };
  return {
    ...layerObject(description),
    build_config: { input_shape: batchShape(model.inputs[0]!.shape) },
  };
}

interface Description {
  readonly className: string;
  readonly config: LayerConfig;
}

function layerObject({ className, config }: Description): KerasObject {
  if (className === 'Sequential') return sequential(config as SequentialConfig);
  if (className === 'Functional') return functional(config as FunctionalConfig);
  if (className === 'InputLayer') return input(config);
  const isKnown = Object.hasOwn(layerClasses, className);
  const { trainable, ...options } = kerasOptions(config);
  return {
    module: isKnown ? 'keras.layers' : 'custom',
    class_name: className,
    config: {
      ...options,
      // Keras takes the others only without it.
      ...(className !== 'SpatialDropout2D' && { trainable }),
      dtype: 'float32',
    },
    registered_name: isKnown ? null : `Custom>${className}`,
  };
}

function input({ name, shape, anySize }: LayerConfig): KerasObject {
  const sizes = batchShape(shape as Shape);
  const open = sizes.map((n, i) => (i === sizes.length - 1 ? n : null));
  const config = { batch_shape: anySize ? open : sizes, dtype: 'float32', sparse: false, name };
  return { module: 'keras.layers', class_name: 'InputLayer', config, registered_name: null };
}

function sequential({ name, trainable, layers }: SequentialConfig): KerasObject {
  return {
    module: 'keras',
    class_name: 'Sequential',
    config: {
      name,
      trainable,
      dtype: 'float32',
      layers: layers.map((layer) => layerObject(layer)),
    },
    registered_name: null,
  };
}

function functional({ name, trainable, layers, inputs, outputs }: FunctionalConfig): KerasObject {
  const functionals = new Set(
    layers
      .filter(({ className }) => className === 'Functional')
      .map(({ config }) => config['name']),
  );
  const shapesOf = new Map(layers.map(({ config, shapes }) => [config['name'], shapes!]));
  const shapeOf = ([layer, use, result]: Place): Shape => shapesOf.get(layer)![use]![result]!;
  // Keras counts the uses of functional models from 1 here, but not in inbound_nodes.
  const end = ([layer, use, result]: Place): Place => [
    layer,
    functionals.has(layer) ? use + 1 : use,
    result,
  ];
  return {
    module: 'keras.src.models.functional',
    class_name: 'Functional',
    config: {
      ...{ name, trainable },
      layers: layers.map(({ uses, ...layer }) => ({
        ...layerObject(layer),
        name: layer.config['name'],
        inbound_nodes:
          layer.className === 'InputLayer' ? [] : uses.map((use) => node(use, shapeOf)),
      })),
      input_layers: oneOrList(inputs.map(end)),
      output_layers: oneOrList(outputs.map(end)),
    },
    registered_name: 'Functional',
  };
}

/** In Keras, the results of a model with a list of one output are a list. */
function oneOrList<T>(list: readonly T[]): T | readonly T[] {
  return list.length === 1 ? list[0]! : list;
}

function node(inputs: readonly Place[], shapeOf: (place: Place) => Shape): JsonObject {
  const tensors = inputs.map((place) => ({
    class_name: '__keras_tensor__',
    config: { shape: batchShape(shapeOf(place)), dtype: 'float32', keras_history: place },
  }));
  return { args: [oneOrList(tensors)], kwargs: {} };
}

function batchShape(shape: Shape): readonly (number | null)[] {
  return [null, ...shape];
}

/** Options under Keras's names; nested objects as Keras writes them. */
export function kerasOptions(config: LayerConfig): JsonObject {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      keyOf(key),
      key === 'activation' ? kerasActivation(value as string) : kerasValue(key, value),
    ]),
  );
}

function kerasValue(key: string, value: unknown): unknown {
  if (!isObject(value) || typeof value['className'] !== 'string') return value;
  return {
    module: moduleOf(key),
    class_name: value['className'],
    config: kerasOptions(isObject(value['config']) ? value['config'] : {}),
    registered_name: null,
  };
}

function moduleOf(key: string): string {
  if (key.endsWith('Initializer')) return 'keras.initializers';
  if (key.endsWith('Regularizer')) return 'keras.regularizers';
  if (key.endsWith('Constraint')) return 'keras.constraints';
  return 'keras.optimizers.schedules';
}
