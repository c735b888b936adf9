import { FoveaError } from '../errors.js';
import { zeros } from '../ops/index.js';
import { run } from '../ops/run.js';
import { keep, scope } from '../scope.js';
import { empty, type Tensor } from '../tensor.js';

const WG = 64;

/** The names of the metrics. */
export type MetricName = 'accuracy';

/** Throws ARGUMENT unless all names are known. */
export function checkMetrics(names: readonly string[]): readonly MetricName[] {
  return names.map((name) => {
    if (name === 'accuracy') return name;
    throw new FoveaError('ARGUMENT', `metric '${name}' is unknown; allowed is 'accuracy'`);
  });
}

/**
 * 1 for each right prediction, else 0; Keras's choice by shapes. One output: right when
 * pred > 0.5 is what the target says. Several: the largest (the first of equal ones) is at the
 * target's class number, or where the target's largest is.
 *
 * @param pred [..., classes]
 * @param target class numbers [...] (int32), or values [..., classes]
 */
export function accuracy(pred: Tensor, target: Tensor): Tensor {
  const classes = pred.shape.at(-1)!;
  const rows = pred.size / classes;
  const flags = {
    WG,
    SPARSE: classes > 1 && target.dtype === 'int32',
    CATEGORICAL: classes > 1 && target.dtype === 'float32',
  };
  const y = empty([rows]);
  const operands = { pred, labels: target, y };
  run('accuracy', 'metric_accuracy', flags, operands, { rows, classes }, Math.ceil(rows / WG));
  return y;
}

/** Running means that live on the GPU, so that a training step reads nothing. */
export class RunningMeans {
  private totals: Tensor[];

  constructor(private readonly count: number) {
    this.totals = this.fresh();
  }

  /** Adds values to mean number `index`; each value counts the same. */
  add(index: number, values: Tensor): void {
    const total = this.totals[index]!;
    run('running mean', 'metric_mean', { WG }, { values, total }, { n: values.size }, 1);
  }

  /** Reads the means so far. NaN where nothing was added. */
  async read(): Promise<number[]> {
    const totals = await Promise.all(this.totals.map((total) => total.data()));
    return totals.map(([sum, count]) => sum! / count!);
  }

  /** Forgets all values. */
  reset(): void {
    this.dispose();
    this.totals = this.fresh();
  }

  dispose(): void {
    for (const total of this.totals) total.dispose();
  }

  private fresh(): Tensor[] {
    return Array.from({ length: this.count }, () => keep(scope(() => zeros([2]))));
  }
}
