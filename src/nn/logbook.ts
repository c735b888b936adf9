import { scope } from '../scope.js';
import { tensor, type Tensor } from '../tensor.js';
import type { OutputPlan } from './compile.js';
import { MetricState, type Metric } from './metrics/index.js';
import type { Logs } from './progress.js';

/** What is judged in one batch. */
export interface Judged {
  /** With the model's last activation applied. */
  readonly output: Tensor;
  readonly target: Tensor;
  /** One per sample. */
  readonly weight: Tensor | undefined;
}

interface Entry {
  readonly name: string;
  readonly metric: Metric;
  readonly isWeighted: boolean;
  readonly state: MetricState;
}

/**
 * Running loss and metrics of an epoch, under Keras's names: `loss`, and where there are several
 * outputs, '<output>_loss' and '<output>_accuracy'. They live on the GPU, so that a step reads
 * nothing.
 */
export class LogBook {
  private readonly total = new MetricState([[2]]);
  private readonly losses: readonly { readonly name: string; readonly state: MetricState }[];
  private readonly entries: readonly (readonly Entry[])[];

  constructor(plans: readonly OutputPlan[]) {
    const several = plans.length > 1;
    this.losses = plans.map(({ output }) => ({
      name: `${output.name}_loss`,
      state: new MetricState([[2]]),
    }));
    this.entries = plans.map(({ output, metrics }) =>
      metrics.map(({ metric, isWeighted }) => ({
        name: several ? `${output.name}_${metric.name}` : metric.name,
        ...{ metric, isWeighted },
        state: new MetricState(metric.stateShapes(output.shape)),
      })),
    );
    this.hasLosses = plans.map(({ loss }) => several && loss !== undefined);
  }
  private readonly hasLosses: readonly boolean[];

  /** Counts loss and metrics of one output. */
  addOutput(index: number, samples: number, loss: Tensor | undefined, judged: Judged): void {
    if (loss && this.hasLosses[index]) addMean(this.losses[index]!.state, samples, loss);
    const { output, target, weight } = judged;
    for (const { metric, isWeighted, state } of this.entries[index]!) {
      state.add(metric.update(output, target, isWeighted ? weight : undefined));
    }
  }

  /** Counts the whole loss of a batch: its mean is over samples, as in Keras. */
  addTotal(samples: number, loss: Tensor): void {
    addMean(this.total, samples, loss);
  }

  /** Reads the values so far. NaN where nothing was counted. */
  async read(): Promise<Logs> {
    const named: (readonly [string, Promise<number>])[] = [
      ['loss', readMean(this.total)],
      ...this.losses
        .filter((_, i) => this.hasLosses[i])
        .map(({ name, state }) => [name, readMean(state)] as const),
      ...this.entries
        .flat()
        .map(({ name, metric, state }) => [name, state.read().then((s) => metric.result(s))] as const),
    ];
    const values = await Promise.all(named.map(([, value]) => value));
    return Object.fromEntries(named.map(([name], i) => [name, values[i]!]));
  }

  /** Forgets all values. */
  reset(): void {
    for (const state of this.states()) state.reset();
  }

  dispose(): void {
    for (const state of this.states()) state.dispose();
  }

  /** All running sums, always in the same order: for checkpoints. */
  states(): readonly MetricState[] {
    return [
      this.total,
      ...this.losses.map(({ state }) => state),
      ...this.entries.flat().map(({ state }) => state),
    ];
  }
}

function addMean(state: MetricState, samples: number, value: Tensor): void {
  scope(() => state.add([value.mul(tensor([samples, 0])).add(tensor([0, samples]))]));
}

async function readMean(state: MetricState): Promise<number> {
  const [[sum, count]] = (await state.read()) as [Float32Array];
  return sum! / count!;
}
