import type { Tensor } from '../../tensor.js';
import type { FitRun } from '../run.js';

/** Plain values that JSON can hold. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Hooks into `fit`; each is awaited. Numbers of epochs and batches are from 0. What a callback adds
 * to the logs of an epoch is in the history, and is seen by the callbacks after it.
 */
export interface FitCallback {
  /** Whether it runs after all others: for one that saves what they remember. */
  readonly isLast?: boolean;
  /** Before the first step. */
  onTrainBegin?(run: FitRun): void | Promise<void>;
  /** Before each epoch; not where fit goes on inside of it. */
  onEpochBegin?(epoch: number, run: FitRun): void | Promise<void>;
  /** After each step. Running values are read by `run.logs()`, which waits for the GPU. */
  onBatchEnd?(batch: number, run: FitRun): void | Promise<void>;
  /** After each epoch, with its loss and metrics. */
  onEpochEnd?(epoch: number, logs: Record<string, number>, run: FitRun): void | Promise<void>;
  /** After the last step. */
  onTrainEnd?(run: FitRun): void | Promise<void>;
  /** Frees what it keeps: after the training, however that ended. */
  dispose?(): void;
  /** Tensors that it keeps from `onTrainBegin` on, for checkpoints. */
  tensors?(): readonly Tensor[];
  /** What else it remembers, for checkpoints. */
  state?(): Json;
  /** Remembers what `state()` returned. */
  restore?(state: Json): void;
}
