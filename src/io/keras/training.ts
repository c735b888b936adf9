import type { Compiled, CompileOptions, PerOutput } from '../../nn/compile.js';
import { compiledOf } from '../../nn/compile.js';
import { without, type Serialized } from '../../nn/config.js';
import type { Model } from '../../nn/model.js';
import { isObject, optionsOf, type JsonObject, type Problems } from './options.js';
import { kerasOptions } from './write_config.js';

/**
 * How a model is trained, from `compile_config` of Keras 3 or `training_config` of Keras 2.
 *
 * @param problems takes everything that is not known
 * @returns options for `compile`; undefined where the model was not compiled
 */
export function readTraining(json: unknown, problems: Problems): CompileOptions | undefined {
  if (!isObject(json) || Object.keys(json).length === 0) return undefined;
  const options = {
    optimizer: described(json['optimizer'] ?? json['optimizer_config'], 'optimizer', problems),
    loss: perOutput(json['loss'], (value) => described(value, 'loss', problems)),
    lossWeights: (json['loss_weights'] ?? undefined) as CompileOptions['lossWeights'],
    metrics: metricsOf(json['metrics'], problems),
    weightedMetrics: metricsOf(json['weighted_metrics'], problems),
  };
  if (options.loss === undefined || options.optimizer === undefined) return undefined;
  const found = options as CompileOptions;
  try {
    compiledOf(found).optimizer.dispose();
  } catch (error) {
    problems.add('compile', (error as Error).message);
  }
  return found;
}

/** 'mse', or an object of a class -> `{ className, config }`. */
function described(
  value: unknown,
  path: string,
  problems: Problems,
): Serialized | string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string') return value;
  if (!isObject(value) || typeof value['class_name'] !== 'string') {
    problems.add(path, `${JSON.stringify(value)} is no name and no object of a class`);
    return undefined;
  }
  const config = isObject(value['config']) ? value['config'] : {};
  if (value['class_name'] === 'function') return String(value['config']);
  // A function that Keras 2 wraps; metrics keep the name that they have in logs.
  if (typeof config['fn'] === 'string') {
    const name = path === 'metrics' && typeof config['name'] === 'string' ? config['name'] : '';
    return name === '' ? config['fn'] : { className: config['fn'], config: { name } };
  }
  const { axis } = config;
  const unused = [
    'dtype',
    ...(isLast(axis) ? ['axis'] : []),
    ...(path === 'metrics' ? [] : ['name']),
  ];
  const options = optionsOf(without(config, ...unused), path, problems);
  // The optimizers of Keras 2 are registered as custom ones.
  return { className: value['class_name'].replace('Custom>', ''), config: options };
}

/** The axis of classes is always the last. */
function isLast(axis: unknown): boolean {
  return axis === undefined || axis === null || axis === -1;
}

function perOutput<T>(value: unknown, convert: (value: unknown) => T): PerOutput<T> | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) {
    return value.length === 1 ? convert(value[0]) : value.map(convert);
  }
  if (isObject(value) && !('class_name' in value)) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, convert(each)]));
  }
  return convert(value);
}

/** A list of metrics; or one list for each output, in a list or by name. */
function metricsOf(value: unknown, problems: Problems): CompileOptions['metrics'] {
  const list = (each: unknown): readonly (Serialized | string)[] => {
    const items: readonly unknown[] = Array.isArray(each) ? each : [each];
    return items.flatMap((item) => described(item, 'metrics', problems) ?? []);
  };
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) {
    const isNested = value.some(Array.isArray);
    if (!isNested) return list(value) as CompileOptions['metrics'];
    return (value.length === 1 ? list(value[0]) : value.map(list)) as CompileOptions['metrics'];
  }
  return perOutput(value, list) as CompileOptions['metrics'];
}

/** How a model is trained, as Keras 3 writes it; null where it is not compiled. */
export function writeTraining({ compiled }: Model): JsonObject | null {
  if (!compiled) return null;
  const { optimizer, loss, lossWeights, metrics, weightedMetrics } = compiled;
  return {
    optimizer: kerasObject('keras.optimizers', optimizer.getConfig()),
    loss: mapOutputs(loss, (each: { getConfig(): Serialized }) =>
      kerasObject('keras.losses', each.getConfig()),
    ),
    loss_weights: lossWeights ?? null,
    metrics: metricLists(metrics),
    weighted_metrics: metricLists(weightedMetrics),
    run_eagerly: false,
    steps_per_execution: 1,
    jit_compile: false,
  };
}

function metricLists(metrics: Compiled['metrics']): unknown {
  if (Array.isArray(metrics) && metrics.length === 0) return null;
  return mapOutputs(metrics, (each: { getConfig(): Serialized }) => {
    const { className, config } = each.getConfig();
    // Keras chooses the kind of accuracy by the shapes, from these two names.
    if (className === 'accuracy') return config['name'] === 'acc' ? 'acc' : 'accuracy';
    return kerasObject('keras.metrics', { className, config });
  });
}

function mapOutputs(
  value: unknown,
  convert: (value: { getConfig(): Serialized }) => unknown,
): unknown {
  if (Array.isArray(value)) return value.map((each) => mapOutputs(each, convert));
  if (isObject(value) && !('getConfig' in value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, mapOutputs(each, convert)]),
    );
  }
  return convert(value as { getConfig(): Serialized });
}

function kerasObject(module: string, { className, config }: Serialized): JsonObject {
  return {
    module,
    class_name: className,
    config: kerasOptions(config),
    registered_name: null,
  };
}
