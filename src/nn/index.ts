/** Layers, models and training: the public names. */
export { type ActivationName } from './activations.js';
export { type Serialized } from './config.js';
export { type FitCallback } from './callbacks/index.js';
export { type CustomLayers } from './deserialize.js';
export { Dataset, type BatchOptions, type ElementContext, type ShuffleOptions } from './dataset.js';
export { type Batch } from './feed.js';
export { type ArrayInput, type HostArray, type Inputs, type Values } from './data.js';
export {
  Constraint,
  constraints,
  type ConstraintName,
  type MaxNormOptions,
  type MinMaxNormOptions,
  type UnitNormOptions,
} from './constraints.js';
export {
  Initializer,
  initializers,
  type ConstantOptions,
  type IdentityOptions,
  type InitializerName,
  type NormalOptions,
  type OrthogonalOptions,
  type SeedOptions,
  type UniformOptions,
  type VarianceScalingOptions,
} from './initializers.js';
export {
  Layer,
  type CallOptions,
  type LayerConfig,
  type LayerOptions,
  type SeedSource,
  type Weight,
} from './layer.js';
export { judge, type Judgement } from './judge.js';
export * as layers from './layers/index.js';
export { Loss, losses, type LossName, type LossOptions } from './losses.js';
export { type Compiled, type CompileOptions, type PerOutput } from './compile.js';
export { Model, type ModelOptions, type PredictOptions } from './model.js';
export { input, model, type Functional, type FunctionalOptions } from './functional.js';
export { type SymbolicTensor } from './graph.js';
export { type FitRun, type Snapshot } from './run.js';
export { type SummaryOptions } from './summary.js';
export {
  Metric,
  metrics,
  type AucOptions,
  type BinaryAccuracyOptions,
  type CrossentropyOptions,
  type MeanIouOptions,
  type MetricName,
  type MetricOptions,
  type OneHotMeanIouOptions,
  type PositivesOptions,
  type SparseCrossentropyOptions,
  type TopKOptions,
} from './metrics.js';
export {
  Optimizer,
  optimizers,
  type AdadeltaOptions,
  type AdagradOptions,
  type AdamOptions,
  type LionOptions,
  type MomentsOptions,
  type OptimizerName,
  type OptimizerOptions,
  type RmspropOptions,
  type SgdOptions,
} from './optimizers.js';
export { type Verbose } from './progress.js';
export {
  Regularizer,
  regularizers,
  type L1L2Options,
  type L1Options,
  type L2Options,
  type OrthogonalRegularizerOptions,
  type RegularizerName,
} from './regularizers.js';
export {
  Schedule,
  schedules,
  type CosineDecayOptions,
  type CosineDecayRestartsOptions,
  type PiecewiseConstantDecayOptions,
  type PolynomialDecayOptions,
  type RateDecayOptions,
  type ScheduleName,
} from './schedules.js';
export { Sequential, sequential, type SequentialOptions } from './sequential.js';
export {
  type DatasetEvaluateOptions,
  type DatasetFitOptions,
  type EpochLogs,
  type EvaluateOptions,
  type EvaluateResult,
  type FitOptions,
  type History,
} from './train.js';
export { type WarmupOptions, type WarmupResult } from './warmup.js';
