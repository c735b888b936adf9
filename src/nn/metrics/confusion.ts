import { FoveaError } from '../../errors.js';
import { sum } from '../../ops/index.js';
import { run } from '../../ops/run.js';
import { formatShape, type Shape } from '../../shape.js';
import { empty, tensor, type Tensor } from '../../tensor.js';
import { checkNumbers, withDefaults, type Given } from '../config.js';
import { checkValues, Metric, ratio, type MetricConfig } from './metric.js';

const WG = 64;
/** Elements that one invocation counts, at least. */
const STEP = 256;
/** Invocations, at most, unless there are more thresholds. */
const INVOCATIONS = 16_384;

/** Everything is larger: the threshold that Keras takes with topK. */
const LOWEST = -1e10;

/** What counts as a positive. */
export interface Positives {
  /** Increasing numbers; or how many evenly spread ones from just below 0 to just above 1. */
  readonly thresholds: readonly number[] | number;
  /** Only these many of each row can be positive. */
  readonly topK?: number | null;
  /** Only this class of the last dimension is looked at. */
  readonly classId?: number | null;
}

/** True positives, false positives, true negatives and false negatives at each threshold. */
export interface Counts {
  readonly tp: readonly number[];
  readonly fp: readonly number[];
  readonly tn: readonly number[];
  readonly fn: readonly number[];
}

/** Takes the four counts out of sums of what `countPositives` returns. */
export function countsOf(state: Float64Array): Counts {
  const n = state.length / 4;
  const [tp, fp, tn, fn] = [0, 1, 2, 3].map((j) => [...state.subarray(j * n, (j + 1) * n)]);
  return { tp: tp!, fp: fp!, tn: tn!, fn: fn! };
}

/**
 * Weight of true positives, false positives, true negatives and false negatives.
 *
 * @param target everything but 0 is a yes
 * @returns [4, thresholds]
 */
export function countPositives(
  pred: Tensor,
  target: Tensor,
  weights: Tensor | undefined,
  { thresholds, topK = null, classId = null }: Positives,
): Tensor {
  const classes = pred.shape.at(-1)!;
  const even = typeof thresholds === 'number';
  const count = even ? thresholds : thresholds.length;
  const elements = classId === null ? pred.size : pred.size / classes;
  const most = Math.max(1, Math.floor(INVOCATIONS / count));
  const step = Math.max(STEP, Math.ceil(elements / most));
  const segments = Math.max(1, Math.ceil(elements / step));
  const y = empty([segments, 4, count]);
  const flags = {
    WG,
    EVEN: even,
    TOP_K: topK !== null,
    CLASS: classId !== null,
    WEIGHTED: weights !== undefined,
  };
  const operands = {
    pred,
    target_: target,
    y,
    ...(weights && { weights }),
    ...(!even && { limits: tensor(Float32Array.from(thresholds)) }),
  };
  const params = {
    elements,
    segments,
    step,
    thresholds: count,
    classes,
    each: Math.max(1, elements / pred.shape[0]!),
    k: topK ?? 0,
    column: classId ?? 0,
  };
  const groups = Math.ceil((segments * count) / WG);
  run('positives', 'metric_confusion', flags, operands, params, groups);
  return sum(y, { axis: 0 });
}

interface PositivesConfig extends MetricConfig {
  /** A positive is what is larger: a number, or a list of one. Default null: 0.5; none with topK. */
  readonly thresholds: number | readonly number[] | null;
  /** Only these many of each row can be positive. Default null: all. */
  readonly topK: number | null;
  /** Only this class is looked at. Default null: all. */
  readonly classId: number | null;
}
/** Options of `metrics.precision` and `metrics.recall`. */
export type PositivesOptions = Given<PositivesConfig>;

/** Counts positives at one threshold. */
abstract class PositivesMetric extends Metric<PositivesConfig> {
  private readonly positives: Positives;

  constructor(className: string, options: PositivesOptions, name: string) {
    const defaults = { name, thresholds: null, topK: null, classId: null };
    super(className, withDefaults<PositivesConfig>(className, options, defaults));
    const { thresholds, topK, classId } = this.config;
    const list = typeof thresholds === 'object' ? thresholds : [thresholds];
    const threshold = list === null ? (topK === null ? 0.5 : LOWEST) : list[0]!;
    if (list !== null) {
      if (list.length !== 1) {
        throw new FoveaError(
          'ARGUMENT',
          `${className}: needs one threshold, got ${JSON.stringify(thresholds)}`,
          { hint: 'Give one metric for each threshold.' },
        );
      }
      checkNumbers(className, { threshold }, { threshold: { least: 0, most: 1 } });
    }
    checkNumbers(className, this.config, {
      topK: { least: 1, integer: true, orNull: true },
      classId: { least: 0, integer: true, orNull: true },
    });
    this.positives = { thresholds: [threshold], topK, classId };
  }

  override stateShapes(): Shape[] {
    return [[4, 1]];
  }

  protected override terms(output: Tensor, target: Tensor, sampleWeight?: Tensor): Tensor[] {
    checkValues(this.name, output, target);
    const { classId } = this.config;
    if (classId !== null && !(classId < output.shape.at(-1)!)) {
      throw new FoveaError(
        'SHAPE',
        `${this.name}: there is no class ${classId} in results ${formatShape(output.shape)}`,
      );
    }
    return [countPositives(output, target, sampleWeight, this.positives)];
  }
}

/** Share of right ones among the positives. */
export class Precision extends PositivesMetric {
  constructor(options: PositivesOptions) {
    super('Precision', options, 'precision');
  }

  override result([state]: readonly Float64Array[]): number {
    const { tp, fp } = countsOf(state!);
    return ratio(tp[0]!, tp[0]! + fp[0]!);
  }
}

/** Share of positives among the targets that say yes. */
export class Recall extends PositivesMetric {
  constructor(options: PositivesOptions) {
    super('Recall', options, 'recall');
  }

  override result([state]: readonly Float64Array[]): number {
    const { tp, fn } = countsOf(state!);
    return ratio(tp[0]!, tp[0]! + fn[0]!);
  }
}
