import { FoveaError } from '../errors.js';
import type { Precision } from '../gpu/device.js';
import { checkPrecision } from '../gpu/init.js';
import { checkFlags, type Serialized } from './config.js';
import { perName } from './data.js';
import type { SymbolicTensor } from './graph.js';
import { LossScale } from './loss_scale.js';
import { Loss, lossOf, type LossName } from './losses.js';
import { Metric, metricOf, type MetricName } from './metrics.js';
import { Optimizer, optimizerOf, type OptimizerName } from './optimizers.js';

/** One value for models with one output; else a list in the model's order, or one by name. */
export type PerOutput<T> = T | readonly T[] | Readonly<Record<string, T>>;

type LossLike = Loss | LossName | Serialized;
type MetricLike = Metric | MetricName | Serialized;

/** Arguments of `compile`. */
export interface CompileOptions {
  /** A name takes Keras's default options; `optimizers` has factories with options. */
  readonly optimizer: Optimizer | OptimizerName | Serialized;
  /** A name takes the default options; `losses` has factories with options. */
  readonly loss: PerOutput<LossLike>;
  /** Factors of the losses of several outputs. Default 1. */
  readonly lossWeights?: PerOutput<number> | undefined;
  /** A list for models with one output; else one list for each. Default: none. */
  readonly metrics?: readonly MetricLike[] | PerOutput<readonly MetricLike[]> | undefined;
  /** Metrics in which sample and class weights count. */
  readonly weightedMetrics?: CompileOptions['metrics'];
  /**
   * Whether the layers are run at each step. Otherwise `fit`, `evaluate` and `predict` run them for at
   * most two batches of a shape, and then replay their commands. Default false.
   */
  readonly runEagerly?: boolean | undefined;
  /** Of the convolutions and dense products of the model. Default: what `init` was given. */
  readonly precision?: Precision | undefined;
}

/** How a model is trained. */
export interface Compiled {
  readonly optimizer: Optimizer;
  readonly loss: PerOutput<Loss>;
  readonly lossWeights: PerOutput<number> | undefined;
  readonly metrics: PerOutput<readonly Metric[]>;
  readonly weightedMetrics: PerOutput<readonly Metric[]>;
  readonly runEagerly: boolean;
  /** Undefined: that of `init`. */
  readonly precision: Precision | undefined;
  /** For trainings in mixed precision. */
  readonly lossScale: LossScale;
}

/** How one output is judged. */
export interface OutputPlan {
  readonly output: SymbolicTensor;
  /** Undefined where the output is not trained. */
  readonly loss: Loss | undefined;
  readonly lossWeight: number;
  readonly metrics: readonly { readonly metric: Metric; readonly isWeighted: boolean }[];
}

/** Looks up names. Throws ARGUMENT for unknown ones. */
export function compiledOf(options: CompileOptions): Compiled {
  const { optimizer, loss, lossWeights, metrics = [], weightedMetrics = [] } = options;
  const { runEagerly = false, precision } = options;
  checkFlags('compile', { runEagerly }, 'runEagerly');
  if (precision !== undefined) checkPrecision('compile', precision);
  return {
    optimizer: optimizerOf(optimizer),
    loss: mapPerOutput(loss, isLossLike, lossOf),
    lossWeights,
    metrics: metricsOf(metrics),
    weightedMetrics: metricsOf(weightedMetrics),
    runEagerly,
    precision,
    lossScale: new LossScale(),
  };
}

/**
 * What `compile` chose for each output.
 *
 * @throws FoveaError ARGUMENT when entries are missing, or named for outputs that are not there
 */
export function outputPlans(
  { loss, lossWeights = {}, metrics, weightedMetrics }: Compiled,
  outputs: readonly SymbolicTensor[],
): OutputPlan[] {
  const names = outputs.map(({ name }) => name);
  const losses = perName('compile: loss', loss, names, (value) => value instanceof Loss);
  const isNumber = (value: unknown): value is number => typeof value === 'number';
  const weights = perName('compile: lossWeights', lossWeights, names, isNumber);
  const own = metricLists('compile: metrics', metrics, names);
  const weighted = metricLists('compile: weightedMetrics', weightedMetrics, names);
  if (!losses.some(Boolean)) {
    throw new FoveaError('ARGUMENT', `compile: there is a loss for none of ${names.join(', ')}`);
  }
  return outputs.map((output, i) => ({
    output,
    loss: losses[i],
    lossWeight: weights[i] ?? 1,
    metrics: [
      ...own[i]!.map((metric) => ({ metric, isWeighted: false })),
      ...weighted[i]!.map((metric) => ({ metric, isWeighted: true })),
    ],
  }));
}

function isLossLike(value: unknown): value is LossLike {
  return value instanceof Loss || typeof value === 'string' || isSerialized(value);
}

function isMetricLike(value: unknown): value is MetricLike {
  return value instanceof Metric || typeof value === 'string' || isSerialized(value);
}

function isSerialized(value: unknown): value is Serialized {
  return typeof value === 'object' && value !== null && 'className' in value && 'config' in value;
}

function isMetricList(value: unknown): value is readonly MetricLike[] {
  return value instanceof Array && value.every(isMetricLike);
}

function metricsOf(given: NonNullable<CompileOptions['metrics']>): PerOutput<readonly Metric[]> {
  const all = (list: readonly MetricLike[]): readonly Metric[] =>
    list.map((each) => metricOf(each));
  return mapPerOutput<readonly MetricLike[], readonly Metric[]>(given, isMetricList, all);
}

/** An empty list is none for all outputs. */
function metricLists(
  what: string,
  given: PerOutput<readonly Metric[]>,
  names: readonly string[],
): (readonly Metric[])[] {
  if (given instanceof Array && given.length === 0) return names.map(() => []);
  return perName(
    what,
    given,
    names,
    isMetricList as (value: unknown) => value is readonly Metric[],
  ).map((list) => list ?? []);
}

function mapPerOutput<T, R>(
  given: PerOutput<T>,
  isOne: (value: unknown) => value is T,
  convert: (value: T) => R,
): PerOutput<R> {
  if (isOne(given)) return convert(given);
  if (given instanceof Array) return given.map(convert);
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, convert(value)]));
}
