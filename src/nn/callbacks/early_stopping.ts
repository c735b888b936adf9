import { slice } from '../../ops/index.js';
import { keep, scope } from '../../scope.js';
import type { Tensor } from '../../tensor.js';
import type { Model } from '../model.js';
import type { FitRun } from '../run.js';
import { copyInto } from '../update.js';
import type { FitCallback, Json } from './callback.js';
import { Monitor, type MonitorOptions } from './monitor.js';

/** Options of `callbacks.earlyStopping`. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** An improvement is more than this. Default 0. */
  readonly minDelta?: number;
  /** Epochs without improvement after which training stops. Default 0. */
  readonly patience?: number;
  /** What has to be reached before epochs without improvement count anew. Default: nothing. */
  readonly baseline?: number;
  /** Whether the model gets the weights of its best epoch at the end. Default false. */
  readonly restoreBestWeights?: boolean;
  /** Epochs before this one do not count. Default 0. */
  readonly startFromEpoch?: number;
}

/** Stops when a value has not improved for some epochs: Keras's rule. */
export class EarlyStopping implements FitCallback {
  private readonly monitor: Monitor;
  private best: number | undefined;
  private wait = 0;
  /** Of the best epoch; before there is one, whatever the model had. */
  private weights: Tensor[] = [];
  private hasWeights = false;

  constructor(private readonly options: EarlyStoppingOptions = {}) {
    this.monitor = new Monitor('earlyStopping', options, options.minDelta);
  }

  onTrainBegin({ model }: FitRun): void {
    this.best = undefined;
    this.wait = 0;
    this.hasWeights = false;
    // They are there from the beginning on, so that a snapshot always fits.
    if (this.options.restoreBestWeights) this.copy(model);
  }

  onEpochEnd(epoch: number, logs: Record<string, number>, run: FitRun): void {
    const { patience = 0, baseline, restoreBestWeights, startFromEpoch = 0 } = this.options;
    if (epoch < startFromEpoch) return;
    const value = this.monitor.valueIn(logs);
    this.wait++;
    const isBetter = this.monitor.isBetter(value, this.best);
    if (restoreBestWeights && (isBetter || !this.hasWeights)) {
      this.copy(run.model);
      this.hasWeights = true;
    }
    if (isBetter) {
      this.best = value;
      if (baseline === undefined || this.monitor.isBetter(value, baseline)) this.wait = 0;
      return;
    }
    if (this.wait >= patience && epoch > 0) run.stop();
  }

  onTrainEnd({ model }: FitRun): void {
    if (!this.hasWeights) return;
    model.weights.forEach(({ value }, i) => copyInto(value, this.weights[i]!));
  }

  dispose(): void {
    for (const tensor of this.weights) tensor.dispose();
    this.weights = [];
  }

  tensors(): readonly Tensor[] {
    return this.weights;
  }

  state(): Json {
    return { best: this.best ?? null, wait: this.wait, hasWeights: this.hasWeights };
  }

  restore(state: Json): void {
    const { best, ...rest } = state as { best: number | null; wait: number; hasWeights: boolean };
    this.best = best ?? undefined;
    Object.assign(this, rest);
  }

  private copy(model: Model): void {
    this.dispose();
    this.weights = model.weights.map(({ value }) =>
      keep(
        scope(() =>
          slice(
            value,
            value.shape.map(() => 0),
            [...value.shape],
          ),
        ),
      ),
    );
  }
}
