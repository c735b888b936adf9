import { hostname } from 'node:os';
import { join } from 'node:path';
import type { FitCallback, Json } from '../../nn/callbacks/index.js';
import type { FitRun } from '../../nn/run.js';
import { appendToFile } from '../files.js';
import { encodeScalar, encodeVersion } from '../formats/tfevents.js';
import { BatchCount, type Frequency } from './frequency.js';

/** Options of `callbacks.tensorBoard`. */
export interface TensorBoardOptions {
  /** Folder that TensorBoard is started with. Default './logs'. */
  readonly logDir?: string;
  /** A number: running values are written too, after each this many batches. Default 'epoch'. */
  readonly updateFreq?: Frequency;
}

/**
 * Writes curves for TensorBoard, under Keras's names: in `train` epoch_loss, epoch_accuracy and the
 * like, epoch_learning_rate, and batch_loss; in `validation` epoch_loss and the like, and
 * evaluation_loss_vs_iterations. Numbers are rounded to float32.
 */
export class TensorBoard implements FitCallback {
  private readonly count: BatchCount;
  private readonly train: EventFile;
  private readonly validation: EventFile;

  constructor({ logDir = './logs', updateFreq = 'epoch' }: TensorBoardOptions = {}) {
    this.count = new BatchCount('tensorBoard: updateFreq', updateFreq);
    this.train = new EventFile(join(logDir, 'train'));
    this.validation = new EventFile(join(logDir, 'validation'));
  }

  onTrainBegin(): void {
    this.count.done = 0;
  }

  async onBatchEnd(_: number, run: FitRun): Promise<void> {
    if (!this.count.next()) return;
    const logs = Object.entries(await run.logs());
    const curves = logs.map(([name, value]) => [`batch_${name}`, value] as const);
    await this.train.write(this.count.done, curves);
  }

  async onEpochEnd(
    epoch: number,
    logs: Record<string, number>,
    { optimizer }: FitRun,
  ): Promise<void> {
    const all = Object.entries({ ...logs, learning_rate: optimizer.learningRate });
    const own = all.filter(([name]) => !name.startsWith('val_'));
    await this.train.write(
      epoch,
      own.map(([name, value]) => [`epoch_${name}`, value] as const),
    );
    const validation = all
      .filter(([name]) => name.startsWith('val_'))
      .map(([name, value]) => [name.slice('val_'.length), value] as const);
    await this.validation.write(
      optimizer.iterations,
      validation.map(([name, value]) => [`evaluation_${name}_vs_iterations`, value] as const),
    );
    await this.validation.write(
      epoch,
      validation.map(([name, value]) => [`epoch_${name}`, value] as const),
    );
  }

  state(): Json {
    return this.count.done;
  }

  restore(state: Json): void {
    this.count.done = state as number;
  }
}

let fileCount = 0;

/** One event file; it is made when something is written. */
class EventFile {
  private path: string | undefined;

  constructor(private readonly folder: string) {}

  /** Adds a number to each curve. TensorBoard may read the file at the same time. */
  async write(step: number, curves: readonly (readonly [string, number])[]): Promise<void> {
    if (curves.length === 0) return;
    const wallTime = Date.now() / 1000;
    const records = curves.map(([tag, value]) => encodeScalar({ tag, step, value, wallTime }));
    if (this.path === undefined) {
      const id = `${Math.floor(wallTime)}.${hostname()}.${process.pid}.${fileCount++}`;
      this.path = join(this.folder, `events.out.tfevents.${id}.v2`);
      records.unshift(encodeVersion(wallTime));
    }
    await appendToFile(this.path, Buffer.concat(records));
  }
}
