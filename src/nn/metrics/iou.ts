import { FoveaError } from '../../errors.js';
import { cast, zeros } from '../../ops/index.js';
import { run } from '../../ops/run.js';
import { formatShape, sameShape, type Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { checkFlags, checkNumbers, withDefaults, type Given } from '../config.js';
import { checkClasses, checkValues, Metric, type MetricConfig } from './metric.js';

const WG = 64;
const EPSILON = 1e-7;

interface OneHotMeanIouConfig extends MetricConfig {
  readonly numClasses: number;
  /** A class that does not count where the target is it. Default null. */
  readonly ignoreClass: number | null;
  /** Whether the results are class numbers, and not a row of scores. */
  readonly sparseYPred: boolean;
}
interface MeanIouConfig extends OneHotMeanIouConfig {
  /** Whether the targets are class numbers, and not one-hot rows. */
  readonly sparseYTrue: boolean;
}
/** Options of `metrics.meanIoU`: numbers on both sides by default. */
export type MeanIouOptions = Pick<MeanIouConfig, 'numClasses'> & Given<MeanIouConfig>;
/** Options of `metrics.oneHotMeanIoU`: rows on both sides by default. */
export type OneHotMeanIouOptions = Pick<OneHotMeanIouConfig, 'numClasses'> &
  Given<OneHotMeanIouConfig>;

/**
 * Of each class, the positions that both targets and results give to it, divided by those that at
 * least one of them does; the mean over the classes that occur. Weights of samples are cut to
 * integers, as in Keras.
 */
abstract class ClassOverlap<C extends OneHotMeanIouConfig> extends Metric<C> {
  override readonly needsProbabilities = false;
  /** Whether the targets are class numbers. */
  protected abstract readonly sparseTarget: boolean;

  constructor(className: string, config: C) {
    super(className, config);
    checkNumbers<OneHotMeanIouConfig>(className, config, {
      numClasses: { least: 1, integer: true },
      ignoreClass: { integer: true, orNull: true },
    });
    checkFlags<OneHotMeanIouConfig>(className, config, 'sparseYPred');
  }

  override stateShapes(): Shape[] {
    return [[this.config.numClasses, this.config.numClasses]];
  }

  protected override terms(output: Tensor, target: Tensor, sampleWeight?: Tensor): Tensor[] {
    this.check(output, target);
    const { numClasses, ignoreClass, sparseYPred } = this.config;
    const pairs = zeros([numClasses, numClasses], 'int32');
    const flags = {
      WG,
      ROW_PRED: !sparseYPred,
      ROW_TARGET: !this.sparseTarget,
      INT_TARGET: target.dtype === 'int32',
      WEIGHTED: sampleWeight !== undefined,
    };
    const classes = sparseYPred && this.sparseTarget ? 1 : output.shape.at(-1)!;
    const rows = sparseYPred ? output.size : output.size / classes;
    const operands = {
      pred: output,
      target_: target,
      pairs,
      ...(sampleWeight && { weights: sampleWeight }),
    };
    const each = Math.max(1, rows / output.shape[0]!);
    const params = { rows, classes, count: numClasses, each, ignored: ignoreClass ?? -1 };
    run('class pairs', 'metric_class_pairs', flags, operands, params, Math.ceil(rows / WG));
    return [cast(pairs, 'float32')];
  }

  private check(output: Tensor, target: Tensor): void {
    if (!this.config.sparseYPred) {
      const check = this.sparseTarget ? checkClasses : checkValues;
      check(this.name, output, target);
      return;
    }
    const wanted = this.sparseTarget ? target.shape : target.shape.slice(0, -1);
    if (sameShape(wanted, output.shape)) return;
    throw new FoveaError(
      'SHAPE',
      `${this.name}: targets ${formatShape(target.shape)} do not fit class numbers ` +
        formatShape(output.shape),
      { hint: 'With sparseYPred: false the results are rows of scores.' },
    );
  }

  override result([state]: readonly Float64Array[]): number {
    const n = this.config.numClasses;
    const overlaps: number[] = [];
    for (let c = 0; c < n; c++) {
      let either = -state![c * n + c]!;
      for (let k = 0; k < n; k++) either += state![c * n + k]! + state![k * n + c]!;
      if (either > 0) overlaps.push(state![c * n + c]! / (either + EPSILON));
    }
    return overlaps.reduce((a, b) => a + b, 0) / (overlaps.length + EPSILON);
  }
}

/** See `metrics.meanIoU`. */
export class MeanIou extends ClassOverlap<MeanIouConfig> {
  constructor(options: Given<MeanIouConfig>) {
    const config = withDefaults<MeanIouConfig>('MeanIoU', options, {
      name: 'mean_io_u',
      numClasses: undefined,
      ignoreClass: null,
      sparseYTrue: true,
      sparseYPred: true,
    });
    super('MeanIoU', config);
    checkFlags('MeanIoU', config, 'sparseYTrue');
  }

  protected override get sparseTarget(): boolean {
    return this.config.sparseYTrue;
  }
}

/** See `metrics.oneHotMeanIoU`. */
export class OneHotMeanIou extends ClassOverlap<OneHotMeanIouConfig> {
  protected override readonly sparseTarget = false;

  constructor(options: Given<OneHotMeanIouConfig>) {
    const config = withDefaults<OneHotMeanIouConfig>('OneHotMeanIoU', options, {
      name: 'one_hot_mean_io_u',
      numClasses: undefined,
      ignoreClass: null,
      sparseYPred: false,
    });
    super('OneHotMeanIoU', config);
  }
}
