import { join } from 'node:path';
import { FoveaError } from '../../errors.js';
import type { FitCallback } from '../../nn/callbacks/index.js';
import type { FitRun } from '../../nn/run.js';
import { readFileIfAny, removeFile, writeFileAtomic } from '../files.js';
import { BatchCount, type Frequency } from './frequency.js';
import { decodeSnapshot, encodeSnapshot } from './snapshot_file.js';

/** Options of `callbacks.backupAndRestore`. */
export interface BackupAndRestoreOptions {
  /** Where to keep the state of the training, in `snapshot.safetensors`; made when it is missing. */
  readonly directory: string;
  /** 'epoch' (the default), or a number of batches, which then counts over epochs. */
  readonly saveFreq?: Frequency;
  /** Whether the state is removed at the end of a finished training. Default true. */
  readonly deleteCheckpoint?: boolean;
}

/**
 * Saves the whole state of a training now and then, and goes on from there when `fit` is called
 * again in another process: with the same numbers as if it had never been interrupted. Wherever it
 * is in the list of callbacks, it runs last, because it saves what the others remember.
 */
export class BackupAndRestore implements FitCallback {
  readonly isLast = true;
  private readonly count: BatchCount;
  private readonly path: string;

  constructor(private readonly options: BackupAndRestoreOptions) {
    this.count = new BatchCount('backupAndRestore: saveFreq', options.saveFreq ?? 'epoch');
    if (options.directory === '') {
      throw new FoveaError('ARGUMENT', 'backupAndRestore: directory is empty');
    }
    this.path = join(options.directory, 'snapshot.safetensors');
  }

  async onTrainBegin(run: FitRun): Promise<void> {
    this.count.done = 0;
    const bytes = await readFileIfAny(this.path);
    if (!bytes) return;
    try {
      run.resumeFrom(decodeSnapshot(bytes), this.path);
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : String(cause);
      throw new FoveaError('FILE', `backupAndRestore: ${this.path}: ${problem}`, {
        cause,
        hint: 'Remove it to train from the beginning.',
      });
    }
  }

  async onBatchEnd(_: number, run: FitRun): Promise<void> {
    // The end of a stopped epoch is not in a snapshot before it.
    if (this.count.next() && !run.isStopped) await this.save(run);
  }

  async onEpochEnd(_: number, __: Record<string, number>, run: FitRun): Promise<void> {
    if (this.count.isPerEpoch) await this.save(run);
  }

  async onTrainEnd(): Promise<void> {
    if (this.options.deleteCheckpoint ?? true) await removeFile(this.path);
  }

  /** Writes the state between two steps. */
  protected async save(run: FitRun): Promise<void> {
    await writeFileAtomic(this.path, encodeSnapshot(await run.snapshot()));
  }
}
