import { lookUp, type Serialized } from './config.js';
import {
  Accuracy,
  BinaryAccuracy,
  CategoricalAccuracy,
  SparseCategoricalAccuracy,
  SparseTopKCategoricalAccuracy,
  TopKCategoricalAccuracy,
  type BinaryAccuracyOptions,
  type TopKOptions,
} from './metrics/accuracy.js';
import { Auc, type AucOptions } from './metrics/auc.js';
import { Precision, Recall, type PositivesOptions } from './metrics/confusion.js';
import {
  MeanIou,
  OneHotMeanIou,
  type MeanIouOptions,
  type OneHotMeanIouOptions,
} from './metrics/iou.js';
import {
  BinaryCrossentropy,
  CategoricalCrossentropy,
  MeanAbsoluteError,
  MeanSquaredError,
  RootMeanSquaredError,
  SparseCategoricalCrossentropy,
  type CrossentropyOptions,
  type SparseCrossentropyOptions,
} from './metrics/losses.js';
import { Metric, type MetricOptions } from './metrics/metric.js';

export { accuracy } from './metrics/accuracy.js';
export { Metric, MetricState } from './metrics/metric.js';
export type {
  AucOptions,
  BinaryAccuracyOptions,
  CrossentropyOptions,
  MeanIouOptions,
  MetricOptions,
  OneHotMeanIouOptions,
  PositivesOptions,
  SparseCrossentropyOptions,
  TopKOptions,
};

/** The metrics: Keras's, in camelCase. */
export const metrics = {
  /** Share of right predictions: of yes/no, of class numbers or of one-hot rows, by shapes. */
  accuracy: (options: MetricOptions = {}): Metric => new Accuracy(options),
  /** Share of right yes/no predictions. */
  binaryAccuracy: (options: BinaryAccuracyOptions = {}): Metric => new BinaryAccuracy(options),
  /** Share of samples whose largest result is at the largest target. */
  categoricalAccuracy: (options: MetricOptions = {}): Metric => new CategoricalAccuracy(options),
  /** Share of samples whose largest result is at the target, a class number. */
  sparseCategoricalAccuracy: (options: MetricOptions = {}): Metric =>
    new SparseCategoricalAccuracy(options),
  /** Share of samples with the largest target among the k largest results. */
  topKCategoricalAccuracy: (options: TopKOptions = {}): Metric =>
    new TopKCategoricalAccuracy(options),
  /** Share of samples with the target, a class number, among the k largest results. */
  sparseTopKCategoricalAccuracy: (options: TopKOptions = {}): Metric =>
    new SparseTopKCategoricalAccuracy(options),
  /** Share of right ones among the positives. */
  precision: (options: PositivesOptions = {}): Metric => new Precision(options),
  /** Share of positives among the targets that say yes. */
  recall: (options: PositivesOptions = {}): Metric => new Recall(options),
  /** Area under the ROC or the precision-recall curve. */
  auc: (options: AucOptions = {}): Metric => new Auc(options),
  /** Mean overlap of classes, for numbers; for segmentation: sparseYPred: false. */
  meanIoU: (options: MeanIouOptions): Metric => new MeanIou(options),
  /** Mean overlap of classes, for one-hot rows. */
  oneHotMeanIoU: (options: OneHotMeanIouOptions): Metric => new OneHotMeanIou(options),
  /** Mean of (output - target)^2. */
  meanSquaredError: (options: MetricOptions = {}): Metric => new MeanSquaredError(options),
  /** Mean of |output - target|. */
  meanAbsoluteError: (options: MetricOptions = {}): Metric => new MeanAbsoluteError(options),
  /** Root of the mean of (output - target)^2. */
  rootMeanSquaredError: (options: MetricOptions = {}): Metric => new RootMeanSquaredError(options),
  /** Mean of -sum(t log p); targets are one-hot rows or probabilities. */
  categoricalCrossentropy: (options: CrossentropyOptions = {}): Metric =>
    new CategoricalCrossentropy(options),
  /** Mean of -log p[t]; targets are class numbers. */
  sparseCategoricalCrossentropy: (options: SparseCrossentropyOptions = {}): Metric =>
    new SparseCategoricalCrossentropy(options),
  /** Mean of -(t log p + (1 - t) log(1 - p)). */
  binaryCrossentropy: (options: CrossentropyOptions = {}): Metric =>
    new BinaryCrossentropy(options),
};

/** Keras's short names. A metric that is asked for by one of them is called so in results. */
const SHORT = {
  acc: 'accuracy',
  bce: 'binaryCrossentropy',
  mse: 'meanSquaredError',
  mae: 'meanAbsoluteError',
} as const;

/** The names of the metrics. */
export type MetricName = keyof typeof metrics | keyof typeof SHORT;

/**
 * The metric itself, a new one of that name, or the one that `getConfig()` described. Throws
 * ARGUMENT for unknown names and options.
 */
export function metricOf(metric: Metric | MetricName | Serialized): Metric {
  if (metric instanceof Metric) return metric;
  if (typeof metric !== 'string') return lookUp('metric', metrics, metric);
  // As in Keras, a metric that is given by name has that name in results.
  const className = Object.hasOwn(SHORT, metric) ? SHORT[metric as keyof typeof SHORT] : metric;
  return lookUp('metric', metrics, { className, config: { name: metric } });
}
