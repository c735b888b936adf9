/** What can be given to `fit` as `callbacks`. */
import type { FitCallback } from '../../nn/callbacks/index.js';
import { BackupAndRestore, type BackupAndRestoreOptions } from './backup_and_restore.js';
import { CsvLogger, type CsvLoggerOptions } from './csv_logger.js';
import { ModelCheckpoint, type ModelCheckpointOptions } from './model_checkpoint.js';
import { TensorBoard, type TensorBoardOptions } from './tensor_board.js';

export * from '../../nn/callbacks/factories.js';
export type { Frequency } from './frequency.js';
export type {
  BackupAndRestoreOptions,
  CsvLoggerOptions,
  ModelCheckpointOptions,
  TensorBoardOptions,
};

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
