import { FoveaError } from '../../errors.js';
import {
  Monitor,
  type FitCallback,
  type Json,
  type MonitorOptions,
} from '../../nn/callbacks/index.js';
import type { FitRun } from '../../nn/run.js';
import { saveModel } from '../model.js';
import { checkName, fillName } from './file_name.js';
import { BatchCount, type Frequency } from './frequency.js';

/** Options of `callbacks.modelCheckpoint`. */
export interface ModelCheckpointOptions extends MonitorOptions {
  /**
   * Where to save. Placeholders are filled: {epoch:02d}, counted from 1, and values such as
   * {val_loss:.2f}; {batch}, counted from 1, where `saveFreq` is a number. Ends with .keras, or with
   * .weights.h5 or .safetensors for the weights alone.
   */
  readonly filepath: string;
  /** Whether it saves only when the watched value is better than ever before. Default false. */
  readonly saveBestOnly?: boolean;
  /** Whether it saves the weights alone. Default false. */
  readonly saveWeightsOnly?: boolean;
  /** 'epoch' (the default), or a number of batches, which then counts over epochs. */
  readonly saveFreq?: Frequency;
  /** With `saveBestOnly`: what the value has to be better than at first. Default: nothing. */
  readonly initialValueThreshold?: number;
}

const WHO = 'modelCheckpoint';

/** Saves the model after epochs or batches: Keras's rules. */
export class ModelCheckpoint implements FitCallback {
  private readonly monitor: Monitor;
  private readonly count: BatchCount;
  private best: number | undefined;

  constructor(private readonly options: ModelCheckpointOptions) {
    const { filepath, saveFreq = 'epoch', saveWeightsOnly = false, saveBestOnly } = options;
    this.monitor = new Monitor(WHO, options);
    this.count = new BatchCount(`${WHO}: saveFreq`, saveFreq);
    this.best = options.initialValueThreshold;
    checkName(WHO, filepath);
    checkEnding(filepath, saveWeightsOnly);
    if (saveBestOnly && saveFreq !== 'epoch' && this.monitor.name.startsWith('val_')) {
      throw new FoveaError('ARGUMENT', `${WHO}: there is no '${this.monitor.name}' after a batch`, {
        hint: "Set saveFreq to 'epoch', or monitor to 'loss'.",
      });
    }
  }

  async onBatchEnd(batch: number, run: FitRun): Promise<void> {
    if (!this.count.next()) return;
    await this.save(run, { batch: batch + 1, ...(await run.logs()) });
  }

  async onEpochEnd(_: number, logs: Record<string, number>, run: FitRun): Promise<void> {
    if (this.count.isPerEpoch) await this.save(run, logs);
  }

  state(): Json {
    return { best: this.best ?? null, batches: this.count.done };
  }

  restore(state: Json): void {
    const { best, batches } = state as { best: number | null; batches: number };
    this.best = best ?? undefined;
    this.count.done = batches;
  }

  private async save({ epoch, model }: FitRun, values: Record<string, number>): Promise<void> {
    const { filepath, saveBestOnly } = this.options;
    const path = fillName(WHO, filepath, { epoch: epoch + 1, ...values });
    if (saveBestOnly) {
      const value = this.monitor.valueIn(values);
      if (!this.monitor.isBetter(value, this.best)) return;
      this.best = value;
    }
    await saveModel(model, path);
  }
}

function checkEnding(filepath: string, saveWeightsOnly: boolean): void {
  const isWeights = filepath.endsWith('.weights.h5') || filepath.endsWith('.safetensors');
  if (saveWeightsOnly ? isWeights : filepath.endsWith('.keras')) return;
  const what = saveWeightsOnly ? 'weights alone' : 'a whole model';
  throw new FoveaError('ARGUMENT', `${WHO}: cannot save ${what} as '${filepath}'`, {
    hint: saveWeightsOnly
      ? 'Endings for weights are .weights.h5 and .safetensors; for whole models .keras.'
      : 'It must end with .keras; for the weights alone set saveWeightsOnly to true.',
  });
}
