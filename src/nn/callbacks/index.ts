export { type FitCallback, type Json } from './callback.js';
export { EarlyStopping, type EarlyStoppingOptions } from './early_stopping.js';
export {
  LearningRateScheduler,
  ReduceLROnPlateau,
  TerminateOnNaN,
  type ReduceLROnPlateauOptions,
} from './learning_rate.js';
export { Monitor, type MonitorOptions } from './monitor.js';
