import {
  abs,
  binaryCrossEntropy,
  categoricalCrossEntropy,
  meanSquaredError,
  softmaxCrossEntropy,
  sub,
} from '../../ops/index.js';
import type { Tensor } from '../../tensor.js';
import { checkFlags, checkNumbers, withDefaults, type Given } from '../config.js';
import {
  checkClasses,
  checkValues,
  MeanMetric,
  type MetricConfig,
  type MetricOptions,
} from './metric.js';

/** Mean of (output - target)^2. */
export class MeanSquaredError extends MeanMetric {
  constructor(options: MetricOptions, className = 'MeanSquaredError', name = 'mean_squared_error') {
    super(className, withDefaults<MetricConfig>(className, options, { name }));
  }

  protected override values(output: Tensor, target: Tensor): Tensor {
    checkValues(this.name, output, target);
    return meanSquaredError(output, target);
  }
}

/** Root of the mean of (output - target)^2. */
export class RootMeanSquaredError extends MeanSquaredError {
  constructor(options: MetricOptions) {
    super(options, 'RootMeanSquaredError', 'root_mean_squared_error');
  }

  override result(state: readonly Float64Array[]): number {
    return Math.sqrt(super.result(state));
  }
}

/** Mean of |output - target|. */
export class MeanAbsoluteError extends MeanMetric {
  constructor(options: MetricOptions) {
    const defaults = { name: 'mean_absolute_error' };
    super('MeanAbsoluteError', withDefaults<MetricConfig>('MeanAbsoluteError', options, defaults));
  }

  protected override values(output: Tensor, target: Tensor): Tensor {
    checkValues(this.name, output, target);
    return abs(sub(output, target));
  }
}

interface LogitsConfig extends MetricConfig {
  /** Whether the results are scores before a softmax (a sigmoid). Default false. */
  readonly fromLogits: boolean;
}
/** Options of `metrics.sparseCategoricalCrossentropy`. */
export type SparseCrossentropyOptions = Given<LogitsConfig>;

interface CrossentropyConfig extends LogitsConfig {
  /** Share of each target that is spread evenly. Default 0. */
  readonly labelSmoothing: number;
}
/** Options of `metrics.categoricalCrossentropy` and `metrics.binaryCrossentropy`. */
export type CrossentropyOptions = Given<CrossentropyConfig>;

function crossentropy(
  className: string,
  options: CrossentropyOptions,
  name: string,
): CrossentropyConfig {
  const defaults = { name, fromLogits: false, labelSmoothing: 0 };
  const config = withDefaults<CrossentropyConfig>(className, options, defaults);
  checkFlags(className, config, 'fromLogits');
  checkNumbers(className, config, { labelSmoothing: { least: 0, below: 1 } });
  return config;
}

/** Mean of -sum(t log p) over the classes. */
export class CategoricalCrossentropy extends MeanMetric<CrossentropyConfig> {
  constructor(options: CrossentropyOptions) {
    const className = 'CategoricalCrossentropy';
    super(className, crossentropy(className, options, 'categorical_crossentropy'));
  }

  protected override values(output: Tensor, target: Tensor): Tensor {
    checkValues(this.name, output, target);
    const { fromLogits, labelSmoothing } = this.config;
    const op = fromLogits ? softmaxCrossEntropy : categoricalCrossEntropy;
    return op(output, target, { labelSmoothing });
  }
}

/** Mean of -log p of the target. */
export class SparseCategoricalCrossentropy extends MeanMetric<LogitsConfig> {
  constructor(options: SparseCrossentropyOptions) {
    const className = 'SparseCategoricalCrossentropy';
    const defaults = { name: 'sparse_categorical_crossentropy', fromLogits: false };
    super(className, withDefaults(className, options, defaults));
    checkFlags(className, this.config, 'fromLogits');
  }

  protected override values(output: Tensor, target: Tensor): Tensor {
    checkClasses(this.name, output, target);
    const op = this.config.fromLogits ? softmaxCrossEntropy : categoricalCrossEntropy;
    return op(output, target);
  }
}

/** Mean of -(t log p + (1 - t) log(1 - p)). */
export class BinaryCrossentropy extends MeanMetric<CrossentropyConfig> {
  constructor(options: CrossentropyOptions) {
    const className = 'BinaryCrossentropy';
    super(className, crossentropy(className, options, 'binary_crossentropy'));
  }

  protected override values(output: Tensor, target: Tensor): Tensor {
    checkValues(this.name, output, target);
    return binaryCrossEntropy(output, target, this.config);
  }
}
