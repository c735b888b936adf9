/** The callbacks that need no files, as `fit` takes them. */
import type { FitCallback } from './callback.js';
import { EarlyStopping, type EarlyStoppingOptions } from './early_stopping.js';
import {
  LearningRateScheduler,
  ReduceLROnPlateau,
  TerminateOnNaN,
  type ReduceLROnPlateauOptions,
} from './learning_rate.js';

export type { MonitorOptions } from './monitor.js';
export type { EarlyStoppingOptions, ReduceLROnPlateauOptions };

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
