/** What can be given to `fit` as `callbacks`. */
import {
  EarlyStopping,
  LearningRateScheduler,
  ReduceLROnPlateau,
  TerminateOnNaN,
  type EarlyStoppingOptions,
  type FitCallback,
  type ReduceLROnPlateauOptions,
} from '../../nn/callbacks/index.js';
import { BackupAndRestore, type BackupAndRestoreOptions } from './backup_and_restore.js';
import { CsvLogger, type CsvLoggerOptions } from './csv_logger.js';
import { ModelCheckpoint, type ModelCheckpointOptions } from './model_checkpoint.js';
import { TensorBoard, type TensorBoardOptions } from './tensor_board.js';

export type { MonitorOptions } from '../../nn/callbacks/index.js';
export type { Frequency } from './frequency.js';
export type {
  BackupAndRestoreOptions,
  CsvLoggerOptions,
  EarlyStoppingOptions,
  ModelCheckpointOptions,
  ReduceLROnPlateauOptions,
  TensorBoardOptions,
};

/** Stops when a value has not improved for some epochs. */
export function earlyStopping(options: EarlyStoppingOptions = {}): FitCallback {
  return new EarlyStopping(options);
}

/** Lowers the learning rate when a value has not improved for some epochs. */
export function reduceLROnPlateau(options: ReduceLROnPlateauOptions = {}): FitCallback {
  return new ReduceLROnPlateau(options);
}

/**
 * Sets the learning rate before each epoch.
 *
 * @param schedule from the number of the epoch, from 0, and the learning rate before it
 */
export function learningRateScheduler(
  schedule: (epoch: number, learningRate: number) => number,
): FitCallback {
  return new LearningRateScheduler(schedule);
}

/** Stops after a batch with which the loss became NaN or infinite. Waits for the GPU each time. */
export function terminateOnNaN(): FitCallback {
  return new TerminateOnNaN();
}

/** Saves the model after epochs or batches: each time, or when a value is better than before. */
export function modelCheckpoint(options: ModelCheckpointOptions): FitCallback {
  return new ModelCheckpoint(options);
}

/** Writes loss and metrics of each epoch as a line of a CSV file. */
export function csvLogger(options: CsvLoggerOptions): FitCallback {
  return new CsvLogger(options);
}

/** Writes curves for TensorBoard. */
export function tensorBoard(options: TensorBoardOptions = {}): FitCallback {
  return new TensorBoard(options);
}

/** Saves the whole state of the training, and resumes from it after an interruption. */
export function backupAndRestore(options: BackupAndRestoreOptions): FitCallback {
  return new BackupAndRestore(options);
}
