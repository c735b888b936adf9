import { FoveaError } from '../../errors.js';
import { sigmoid } from '../../ops/index.js';
import type { Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { checkFlags, checkNumbers, checkWord, withDefaults, type Given } from '../config.js';
import { countPositives, countsOf, type Counts } from './confusion.js';
import { checkValues, Metric, ratio, type MetricConfig } from './metric.js';

interface AucConfig extends MetricConfig {
  /** How many thresholds are tried, evenly spread over 0..1. Default 200. */
  readonly numThresholds: number;
  /** True positive rate over false positive rate, or precision over recall. Default 'ROC'. */
  readonly curve: 'ROC' | 'PR';
  /** How the area between two thresholds is estimated. Default 'interpolation'. */
  readonly summationMethod: 'interpolation' | 'minoring' | 'majoring';
  /** Whether the results are scores before a sigmoid. Default false. */
  readonly fromLogits: boolean;
  /** Thresholds in 0..1 in place of evenly spread ones. Default null. */
  readonly thresholds: readonly number[] | null;
}
/** Options of `metrics.auc`. */
export type AucOptions = Given<AucConfig>;

const EPSILON = 1e-7;

/** Area under the curve that results draw when the threshold moves. */
export class Auc extends Metric<AucConfig> {
  private readonly thresholds: readonly number[] | number;

  constructor(options: AucOptions) {
    const given = withDefaults<AucConfig>('AUC', options, {
      name: 'auc',
      numThresholds: 200,
      curve: 'ROC',
      summationMethod: 'interpolation',
      fromLogits: false,
      thresholds: null,
    });
    const { thresholds } = given;
    super('AUC', thresholds ? { ...given, numThresholds: thresholds.length + 2 } : given);
    const { curve, summationMethod } = this.config;
    checkNumbers('AUC', this.config, { numThresholds: { least: 2, integer: true } });
    checkFlags('AUC', this.config, 'fromLogits');
    checkWord('AUC', 'curve', curve, ['ROC', 'PR']);
    const methods = ['interpolation', 'minoring', 'majoring'] as const;
    checkWord('AUC', 'summationMethod', summationMethod, methods);
    this.thresholds = thresholds ? withEnds(thresholds) : this.config.numThresholds;
  }

  override stateShapes(): Shape[] {
    return [[4, this.config.numThresholds]];
  }

  protected override terms(output: Tensor, target: Tensor, sampleWeight?: Tensor): Tensor[] {
    checkValues(this.name, output, target);
    const pred = this.config.fromLogits ? sigmoid(output) : output;
    return [countPositives(pred, target, sampleWeight, { thresholds: this.thresholds })];
  }

  override result([state]: readonly Float64Array[]): number {
    const counts = countsOf(state!);
    const { curve, summationMethod } = this.config;
    if (curve === 'PR' && summationMethod === 'interpolation') return precisionRecallArea(counts);
    const { tp, fp, tn, fn } = counts;
    const recall = tp.map((value, i) => ratio(value, value + fn[i]!));
    const [x, y] =
      curve === 'ROC'
        ? [fp.map((value, i) => ratio(value, value + tn[i]!)), recall]
        : [recall, tp.map((value, i) => ratio(value, value + fp[i]!))];
    const height = {
      interpolation: (a: number, b: number): number => (a + b) / 2,
      minoring: Math.min,
      majoring: Math.max,
    }[summationMethod];
    return pairs(x).reduce((area, [a, b], i) => area + (a - b) * height(y[i]!, y[i + 1]!), 0);
  }
}

/**
 * Area under precision over recall, where true positives between two thresholds are taken to grow
 * in a line. Davis and Goadrich, 2006.
 */
function precisionRecallArea({ tp, fp, fn }: Counts): number {
  const positives = tp.map((value, i) => value + fp[i]!);
  return pairs(tp).reduce((area, [before, after], i) => {
    const [p, next] = [positives[i]!, positives[i + 1]!];
    const slope = ratio(before - after, Math.max(p - next, 0));
    const intercept = after - slope * next;
    const growth = p > 0 && next > 0 ? Math.log(p / next) : 0;
    const gain = slope * (before - after + intercept * growth);
    return area + ratio(gain, after + fn[i + 1]!);
  }, 0);
}

function pairs(values: readonly number[]): [number, number][] {
  return values.slice(1).map((value, i) => [values[i]!, value]);
}

/** Thresholds in order, with one below 0 and one above 1; or their number if they are even. */
function withEnds(thresholds: readonly number[]): readonly number[] | number {
  if (!thresholds.every((value) => value >= 0 && value <= 1)) {
    throw new FoveaError(
      'ARGUMENT',
      `AUC: thresholds must be numbers from 0 to 1, got ${JSON.stringify(thresholds)}`,
    );
  }
  const inner = [...thresholds].sort((a, b) => a - b);
  // Keras's rule, tolerance and all.
  const isEven = inner.every((value, i) => {
    const even = (i + 1) / (inner.length + 1);
    return Math.abs(value - even) <= EPSILON + 1e-5 * even;
  });
  return isEven ? inner.length + 2 : [-EPSILON, ...inner, 1 + EPSILON];
}
