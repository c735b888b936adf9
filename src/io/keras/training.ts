import type { Compiled, CompileOptions, PerOutput } from '../../nn/compile.js';
import { compiledOf } from '../../nn/compile.js';
import { without, type Serialized } from '../../nn/config.js';
import type { Model } from '../../nn/model.js';
import { isObject, optionsOf, type JsonObject, type Problems } from './options.js';
import { kerasOptions } from './write_config.js';

/**
 * How a model is trained, from `compile_config` of Keras 3 or `training_config` of Keras 2.
 *
 * @param outputs their names
 * @param problems takes everything that is not known
 * @returns options for `compile`; undefined where the model was not compiled
 */
export function readTraining(
  json: unknown,
  outputs: readonly string[],
  problems: Problems,
): CompileOptions | undefined {
  if (!isObject(json) || Object.keys(json).length === 0) return undefined;
  // Keras 2 writes metrics under the names that they have in logs, with that of the output.
  const prefixes = 'optimizer_config' in json && outputs.length > 1 ? outputs : [];
  const options = {
    optimizer: described(json['optimizer'] ?? json['optimizer_config'], 'optimizer', problems),
    loss: perOutput(json['loss'], (value) => described(value, 'loss', problems)),
    lossWeights: (json['loss_weights'] ?? undefined) as CompileOptions['lossWeights'],
    metrics: metricsOf(json['metrics'], prefixes, problems),
    weightedMetrics: metricsOf(json['weighted_metrics'], prefixes, problems),
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
  if (WRAPPERS.has(value['class_name'])) return wrapped(config, path);
  const { axis } = config;
  const unused = [
    ...['dtype', 'fn'],
    ...(isLast(axis) ? ['axis'] : []),
    ...(path === 'metrics' ? [] : ['name']),
  ];
  const options = optionsOf(without(config, ...unused), path, problems);
  // The optimizers of Keras 2 are registered as custom ones.
  return { className: value['class_name'].replace('Custom>', ''), config: options };
}

/** Classes of Keras 2 around a function. Its other losses and metrics name one, and are known here. */
const WRAPPERS: ReadonlySet<unknown> = new Set(['LossFunctionWrapper', 'MeanMetricWrapper']);

/** The function, as a loss or metric; metrics keep the name that they have in logs. */
function wrapped({ fn, name }: JsonObject, path: string): Serialized | string {
  const given = String(fn);
  if (path !== 'metrics' || typeof name !== 'string') return given;
  // Keras 2 chooses the kind of accuracy when it first sees targets, and writes any before.
  const isAnyAccuracy = name !== given && /acc(uracy)?$/.test(name) && given.endsWith('_accuracy');
  return { className: isAnyAccuracy ? 'accuracy' : given, config: { name } };
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

/**
 * A list of metrics; or one list for each output, in a list or by name.
 *
 * @param prefixes of the names of each output's metrics, to be taken off
 */
function metricsOf(
  value: unknown,
  prefixes: readonly string[],
  problems: Problems,
): CompileOptions['metrics'] {
  const list = (each: unknown, output?: number): readonly (Serialized | string)[] => {
    const items: readonly unknown[] = Array.isArray(each) ? each : [each];
    const prefix = prefixes[output ?? -1];
    return items.flatMap((item) => {
      const metric = described(item, 'metrics', problems);
      if (metric === undefined) return [];
      return prefix === undefined ? metric : withoutPrefix(`${prefix}_`, metric);
    });
  };
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) {
    const isNested = value.some(Array.isArray);
    if (!isNested) return list(value) as CompileOptions['metrics'];
    const lists = value.length === 1 ? list(value[0]) : value.map((each, i) => list(each, i));
    return lists as CompileOptions['metrics'];
  }
  return perOutput(value, (each) => list(each)) as CompileOptions['metrics'];
}

function withoutPrefix(prefix: string, metric: Serialized | string): Serialized | string {
  if (typeof metric === 'string') return metric;
  const { name } = metric.config as { readonly name?: unknown };
  if (typeof name !== 'string' || !name.startsWith(prefix)) return metric;
  return { ...metric, config: { ...metric.config, name: name.slice(prefix.length) } };
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
