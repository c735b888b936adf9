import { fill } from '../ops/index.js';
import { scope } from '../scope.js';
import type { Tensor } from '../tensor.js';
import type { OutputPlan } from './compile.js';
import { MetricState } from './metrics.js';
import { ExactSums } from './metrics/sums.js';
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
  readonly isWeighted: boolean;
  readonly state: MetricState;
}

/**
 * Running loss and metrics of an epoch, under Keras's names: `loss`, and where there are several
 * outputs, '<output>_loss' and '<output>_accuracy'. They live on the GPU, so that a step reads
 * nothing.
 */
export class LogBook {
  /** Number of samples, sum of the loss over them; number of batches, sums of the outputs' losses. */
  private readonly losses: ExactSums;
  private readonly lossNames: readonly string[];
  private readonly entries: readonly (readonly Entry[])[];

  constructor(plans: readonly OutputPlan[]) {
    const several = plans.length > 1;
    this.losses = new ExactSums([[], [], [], ...plans.map(() => [])]);
    this.lossNames = several ? plans.map(({ output }) => `${output.name}_loss`) : [];
    this.entries = plans.map(({ output, metrics }) =>
      metrics.map(({ metric, isWeighted }) => ({
        name: several ? `${output.name}_${metric.name}` : metric.name,
        isWeighted,
        state: new MetricState(metric),
      })),
    );
  }

  /** Counts loss and metrics of one output. */
  addOutput(index: number, loss: Tensor | undefined, judged: Judged): void {
    if (loss) this.losses.add(3 + index, loss);
    const { output, target, weight } = judged;
    for (const { isWeighted, state } of this.entries[index]!) {
      state.add(output, target, isWeighted ? weight : undefined);
    }
  }

  /** Counts the whole loss of a batch: its mean is over samples, those of outputs over batches. */
  addTotal(samples: number, loss: Tensor): void {
    scope(() => {
      this.losses.add(0, fill([], samples));
      this.losses.add(1, loss.mul(samples));
      this.losses.add(2, fill([], 1));
    });
  }

  /** Reads the values so far. NaN where nothing was counted. */
  async read(): Promise<Logs> {
    const entries = this.entries.flat();
    const metrics = await Promise.all(entries.map(({ state }) => state.read()));
    const [samples, total, count, ...each] = (await this.losses.read()).map(([sum]) => sum!);
    const logs: Record<string, number> = { loss: total! / samples! };
    this.lossNames.forEach((name, i) => (logs[name] = each[i]! / count!));
    entries.forEach(({ name }, i) => (logs[name] = metrics[i]!));
    return logs;
  }

  /** Forgets all values. */
  reset(): void {
    this.losses.reset();
    for (const { state } of this.entries.flat()) state.reset();
  }

  dispose(): void {
    this.losses.dispose();
    for (const { state } of this.entries.flat()) state.dispose();
  }

  /** All running sums, always in the same order: for checkpoints. */
  tensors(): readonly Tensor[] {
    return [...this.losses.tensors, ...this.entries.flat().flatMap(({ state }) => state.tensors)];
  }
}
