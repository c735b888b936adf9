import { run } from '../../ops/run.js';
import { empty, type Tensor } from '../../tensor.js';
import { ANY, checkNumbers, withDefaults, type Given, type Range } from '../config.js';
import {
  checkClasses,
  checkValues,
  MeanMetric,
  type MetricConfig,
  type MetricOptions,
} from './metric.js';

const WG = 64;

/**
 * 1 for each right prediction, else 0; Keras's choice by shapes. One output: right when
 * pred > 0.5 is what the target says. Several: the largest (the first of equal ones) is at the
 * target's class number, or where the target's largest is.
 *
 * @param pred [..., classes]
 * @param target class numbers [...] (int32), or values [..., classes]
 * @returns [...]
 */
export function accuracy(pred: Tensor, target: Tensor): Tensor {
  const binary = pred.shape.at(-1) === 1 && target.dtype === 'float32';
  return rights(pred, target, { BINARY: binary }, {});
}

/** 1 where a row of `pred` (with BINARY: a value) is right, else 0. */
function rights(
  pred: Tensor,
  target: Tensor,
  flags: { readonly BINARY?: boolean; readonly TOP_K?: boolean },
  { threshold = 0.5, k = 1 }: { readonly threshold?: number; readonly k?: number },
): Tensor {
  const perValue = (flags.BINARY ?? false) && pred.shape.at(-1) !== 1;
  const y = empty(perValue ? pred.shape : pred.shape.slice(0, -1));
  const classes = perValue ? 1 : pred.shape.at(-1)!;
  const params = { rows: y.size, classes, threshold, k };
  const all = { WG, ...flags, SPARSE: target.dtype === 'int32' };
  const groups = Math.ceil(y.size / WG);
  run('accuracy', 'metric_accuracy', all, { pred, labels: target, y }, params, groups);
  return y;
}

function named(className: string, options: MetricOptions, name: string): MetricConfig {
  return withDefaults<MetricConfig>(className, options, { name });
}

/** Share of right predictions, chosen by shapes: what Keras does for the name 'accuracy'. */
export class Accuracy extends MeanMetric {
  override readonly needsProbabilities = false;

  constructor(options: MetricOptions) {
    // Keras has no class for this: 'Accuracy' is something else there.
    super('accuracy', named('accuracy', options, 'accuracy'));
  }

  protected override values(output: Tensor, target: Tensor): Tensor {
    if (target.dtype === 'int32') checkClasses(this.name, output, target);
    else checkValues(this.name, output, target);
    return accuracy(output, target);
  }
}

interface BinaryAccuracyConfig extends MetricConfig {
  /** A yes is what is larger. Default 0.5. */
  readonly threshold: number;
}
/** Options of `metrics.binaryAccuracy`. */
export type BinaryAccuracyOptions = Given<BinaryAccuracyConfig>;

/** Share of right yes/no predictions. */
export class BinaryAccuracy extends MeanMetric<BinaryAccuracyConfig> {
  constructor(options: BinaryAccuracyOptions) {
    const defaults = { name: 'binary_accuracy', threshold: 0.5 };
    super('BinaryAccuracy', withDefaults('BinaryAccuracy', options, defaults));
    checkNumbers(this.className, this.config, { threshold: ANY });
  }

  protected override values(output: Tensor, target: Tensor): Tensor {
    checkValues(this.name, output, target);
    return rights(output, target, { BINARY: true }, this.config);
  }
}

/** Share of samples whose largest result is at the largest target. */
export class CategoricalAccuracy extends MeanMetric {
  override readonly needsProbabilities = false;

  constructor(options: MetricOptions) {
    super('CategoricalAccuracy', named('CategoricalAccuracy', options, 'categorical_accuracy'));
  }

  protected override values(output: Tensor, target: Tensor): Tensor {
    checkValues(this.name, output, target);
    return rights(output, target, {}, {});
  }
}

/** Share of samples whose largest result is at the target. */
export class SparseCategoricalAccuracy extends MeanMetric {
  override readonly needsProbabilities = false;

  constructor(options: MetricOptions) {
    const className = 'SparseCategoricalAccuracy';
    super(className, named(className, options, 'sparse_categorical_accuracy'));
  }

  protected override values(output: Tensor, target: Tensor): Tensor {
    checkClasses(this.name, output, target);
    return rights(output, target, {}, {});
  }
}

interface TopKConfig extends MetricConfig {
  /** Default 5. */
  readonly k: number;
}
/** Options of `metrics.topKCategoricalAccuracy` and `metrics.sparseTopKCategoricalAccuracy`. */
export type TopKOptions = Given<TopKConfig>;

const COUNT: Range = { least: 1, integer: true };

/** Share of samples with the largest target among the k largest results. */
export class TopKCategoricalAccuracy extends MeanMetric<TopKConfig> {
  override readonly needsProbabilities = false;

  constructor(options: TopKOptions) {
    const defaults = { name: 'top_k_categorical_accuracy', k: 5 };
    super('TopKCategoricalAccuracy', withDefaults('TopKCategoricalAccuracy', options, defaults));
    checkNumbers(this.className, this.config, { k: COUNT });
  }

  protected override values(output: Tensor, target: Tensor): Tensor {
    checkValues(this.name, output, target);
    return rights(output, target, { TOP_K: true }, this.config);
  }
}

/** Share of samples with the target among the k largest results. */
export class SparseTopKCategoricalAccuracy extends MeanMetric<TopKConfig> {
  override readonly needsProbabilities = false;

  constructor(options: TopKOptions) {
    const className = 'SparseTopKCategoricalAccuracy';
    const defaults = { name: 'sparse_top_k_categorical_accuracy', k: 5 };
    super(className, withDefaults(className, options, defaults));
    checkNumbers(this.className, this.config, { k: COUNT });
  }

  protected override values(output: Tensor, target: Tensor): Tensor {
    checkClasses(this.name, output, target);
    return rights(output, target, { TOP_K: true }, this.config);
  }
}
