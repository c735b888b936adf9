import { FoveaError } from '../../errors.js';
import type { FitRun } from '../run.js';
import type { FitCallback, Json } from './callback.js';
import { Monitor, type MonitorOptions } from './monitor.js';

/** Options of `callbacks.reduceLROnPlateau`. */
export interface ReduceLROnPlateauOptions extends MonitorOptions {
  /** The learning rate is multiplied by it. Default 0.1. */
  readonly factor?: number;
  /** Epochs without improvement after which that happens. Default 10. */
  readonly patience?: number;
  /** An improvement is more than this. Default 0.0001. */
  readonly minDelta?: number;
  /** Epochs after a reduction that do not count. Default 0. */
  readonly cooldown?: number;
  /** Default 0. */
  readonly minLearningRate?: number;
}

/** Lowers the learning rate when a value has not improved for some epochs: Keras's rule. */
export class ReduceLROnPlateau implements FitCallback {
  private readonly monitor: Monitor;
  private best: number | undefined;
  private wait = 0;
  private cooling = 0;

  constructor(private readonly options: ReduceLROnPlateauOptions = {}) {
    this.monitor = new Monitor('reduceLROnPlateau', options, options.minDelta ?? 1e-4);
    const { factor = 0.1 } = options;
    if (!(factor > 0 && factor < 1)) {
      throw new FoveaError(
        'ARGUMENT',
        `reduceLROnPlateau: factor must be between 0 and 1, got ${factor}`,
      );
    }
  }

  onTrainBegin(): void {
    this.best = undefined;
    this.wait = 0;
    this.cooling = 0;
  }

  onEpochEnd(_: number, logs: Record<string, number>, { optimizer }: FitRun): void {
    const { factor = 0.1, patience = 10, cooldown = 0, minLearningRate = 0 } = this.options;
    logs['learning_rate'] = optimizer.learningRate;
    const value = this.monitor.valueIn(logs);
    if (this.cooling > 0) {
      this.cooling--;
      this.wait = 0;
    }
    if (this.monitor.isBetter(value, this.best)) {
      this.best = value;
      this.wait = 0;
      return;
    }
    if (this.cooling > 0) return;
    this.wait++;
    if (this.wait < patience || optimizer.learningRate <= minLearningRate) return;
    optimizer.learningRate = Math.max(optimizer.learningRate * factor, minLearningRate);
    this.cooling = cooldown;
    this.wait = 0;
  }

  state(): Json {
    return { best: this.best ?? null, wait: this.wait, cooling: this.cooling };
  }

  restore(state: Json): void {
    const { best, wait, cooling } = state as { best: number | null; wait: number; cooling: number };
    this.best = best ?? undefined;
    Object.assign(this, { wait, cooling });
  }
}

/** Sets the learning rate before each epoch. */
export class LearningRateScheduler implements FitCallback {
  /** @param schedule from the number of the epoch and the learning rate before it */
  constructor(private readonly schedule: (epoch: number, learningRate: number) => number) {}

  onEpochBegin(epoch: number, { optimizer }: FitRun): void {
    const rate = this.schedule(epoch, optimizer.learningRate);
    if (!(rate >= 0 && rate < Infinity)) {
      throw new FoveaError(
        'ARGUMENT',
        `learningRateScheduler: the schedule gave ${String(rate)} for epoch ${epoch}`,
      );
    }
    optimizer.learningRate = rate;
  }

  onEpochEnd(_: number, logs: Record<string, number>, { optimizer }: FitRun): void {
    logs['learning_rate'] = optimizer.learningRate;
  }
}

/** Stops at the first step after which the mean loss is NaN or infinite. Waits for every step. */
export class TerminateOnNaN implements FitCallback {
  async onBatchEnd(_: number, run: FitRun): Promise<void> {
    const { loss } = await run.logs();
    if (!Number.isFinite(loss)) run.stop();
  }
}
