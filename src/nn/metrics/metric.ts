import { noGrad } from '../../autograd.js';
import { FoveaError } from '../../errors.js';
import { fill, mean, mul, sum } from '../../ops/index.js';
import { scope } from '../../scope.js';
import { formatShape, sameShape, type Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import type { Given, Serialized } from '../config.js';
import { ExactSums } from './sums.js';

/** Options of every metric, with nothing left out. */
export interface MetricConfig {
  /** What it is called in results. Default: Keras's name of the metric. */
  readonly name: string;
}

/** Options of metrics without options of their own. */
export type MetricOptions = Given<MetricConfig>;

/**
 * A number that says how good results are. It is computed from sums over all batches, to which each
 * batch adds its share on the GPU; `MetricState` keeps them.
 */
export abstract class Metric<C extends MetricConfig = MetricConfig> {
  /**
   * Whether the scores before a last softmax give another value than its probabilities. Others take
   * either. (The scores before a sigmoid never do.)
   */
  readonly needsProbabilities: boolean = true;

  /** @param className Keras's name of the class: 'AUC' */
  constructor(
    readonly className: string,
    protected readonly config: C,
  ) {}

  /** What it is called in results. */
  get name(): string {
    return this.config.name;
  }

  /** What `metricOf` makes it from again. */
  getConfig(): Serialized {
    const config: object = this.config;
    return { className: this.className, config: { ...config } };
  }

  /** Shapes of the sums. */
  abstract stateShapes(): Shape[];

  /** The value, from the sums. */
  abstract result(state: readonly Float64Array[]): number;

  /**
   * What a batch adds to each sum; not on the tape.
   *
   * @param output results of the model [n, ...]
   * @param target class numbers, int32 [n, ...] without the last dimension; or float32 in the shape
   *   of `output`
   * @param sampleWeight float32 [n]: how often each sample counts. Default: once.
   * @throws FoveaError SHAPE when they do not fit together
   */
  update(output: Tensor, target: Tensor, sampleWeight?: Tensor): Tensor[] {
    const n = output.shape[0] ?? 0;
    if (sampleWeight && !sameShape(sampleWeight.shape, [n])) {
      throw new FoveaError(
        'SHAPE',
        `${this.name}: ${n} samples need weights of shape [${n}], got ` +
          formatShape(sampleWeight.shape),
      );
    }
    return scope(() => noGrad(() => this.terms(output, target, sampleWeight)));
  }

  /** `update`, checked and without the tape. */
  protected abstract terms(output: Tensor, target: Tensor, sampleWeight?: Tensor): Tensor[];
}

/** A weighted mean over the samples. */
export abstract class MeanMetric<C extends MetricConfig = MetricConfig> extends Metric<C> {
  /** One or more values for each sample; a sample's mean is what counts. */
  protected abstract values(output: Tensor, target: Tensor): Tensor;

  override stateShapes(): Shape[] {
    return [[], []];
  }

  override result([total, weight]: readonly Float64Array[]): number {
    return ratio(total![0]!, weight![0]!);
  }

  protected override terms(output: Tensor, target: Tensor, sampleWeight?: Tensor): Tensor[] {
    const values = this.values(output, target);
    const rest = values.shape.map((_, i) => i).slice(1);
    const means = rest.length > 0 ? mean(values, { axis: rest }) : values;
    if (!sampleWeight) return [sum(means), fill([], means.size)];
    return [sum(mul(means, sampleWeight)), sum(sampleWeight)];
  }
}

/** a / b; 0 where b is 0. */
export function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}

/** Throws unless targets are values in the shape of the output. */
export function checkValues(metric: string, output: Tensor, target: Tensor): void {
  if (target.dtype === 'float32' && sameShape(target.shape, output.shape)) return;
  throw misfit(metric, target, `float32 ${formatShape(output.shape)}`);
}

/** Throws unless targets are class numbers, one for each row of the output. */
export function checkClasses(metric: string, output: Tensor, target: Tensor): void {
  const wanted = output.shape.slice(0, -1);
  if (target.dtype === 'int32' && sameShape(target.shape, wanted)) return;
  throw misfit(metric, target, `class numbers, int32 ${formatShape(wanted)}`);
}

function misfit(metric: string, { dtype, shape }: Tensor, wanted: string): FoveaError {
  return new FoveaError(
    'SHAPE',
    `${metric}: targets must be ${wanted}, got ${dtype} ${formatShape(shape)}`,
    {
      hint:
        'Metrics that begin with "sparse", and meanIoU, take class numbers; the others take ' +
        'targets in the shape of the results.',
    },
  );
}

/** The sums of one metric over batches. */
export class MetricState {
  private readonly sums: ExactSums;

  constructor(readonly metric: Metric) {
    this.sums = new ExactSums(metric.stateShapes());
  }

  /** Counts a batch. Arguments are those of `Metric.update`. */
  add(output: Tensor, target: Tensor, sampleWeight?: Tensor): void {
    scope(() => {
      const terms = this.metric.update(output, target, sampleWeight);
      terms.forEach((term, i) => this.sums.add(i, term));
    });
  }

  /** Reads the value so far. */
  async read(): Promise<number> {
    return this.metric.result(await this.sums.read());
  }

  /** The sums, for checkpoints. */
  get tensors(): readonly Tensor[] {
    return this.sums.tensors;
  }

  /** Forgets all batches. */
  reset(): void {
    this.sums.reset();
  }

  /** Frees the sums. */
  dispose(): void {
    this.sums.dispose();
  }
}
