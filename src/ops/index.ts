/** The operations, each with its gradient. */
import './methods.js';

export { type Activation } from './activation.js';
export { conv2d, depthwiseConv2d, type ConvOptions } from './conv2d.js';
export { conv2dTranspose, type ConvTransposeOptions } from './conv2d_transpose.js';
export {
  add,
  div,
  equal,
  greater,
  greaterEqual,
  less,
  maximum,
  minimum,
  mul,
  neg,
  sub,
} from './binary.js';
export {
  abs,
  clip,
  exp,
  log,
  pow,
  relu,
  relu6,
  rsqrt,
  sigmoid,
  sign,
  sqrt,
  square,
  swish,
  tanh,
  type ReluOptions,
} from './elementwise.js';
export {
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  mish,
  prelu,
  selu,
  softplus,
  softsign,
} from './nonlinear.js';
export { fill, ones, zeros } from './fill.js';
export { dense, matmul, type MatmulOptions } from './matmul.js';
export { broadcastTo, concat, pad, reshape, slice, transpose } from './movement.js';
export {
  avgPool2d,
  globalAvgPool2d,
  globalMaxPool2d,
  maxPool2d,
  type GlobalPoolOptions,
  type PoolOptions,
} from './pool.js';
export { argmax, max, mean, sum, type ReduceOptions } from './reduce.js';
export { logSoftmax, softmax } from './softmax.js';
export {
  categoricalCrossEntropy,
  softmaxCrossEntropy,
  type CrossEntropyOptions,
} from './losses.js';
export {
  binaryCrossEntropy,
  binaryFocalCrossEntropy,
  categoricalFocalCrossEntropy,
  dice,
  huber,
  klDivergence,
  logCosh,
  meanAbsoluteError,
  meanSquaredError,
  type BinaryCrossEntropyOptions,
  type BinaryFocalOptions,
  type CategoricalFocalOptions,
} from './row_losses.js';
export { runWgsl, type WgslOptions } from './custom.js';
export { dropout, type DropoutOptions } from './dropout.js';
export { gaussianNoise, type GaussianNoiseOptions } from './noise.js';
export {
  batchNorm,
  batchNormInference,
  type BatchNormOptions,
  type BatchNormResult,
  type BatchNormTrainingOptions,
} from './norm.js';
export { layerNorm, type LayerNormOptions } from './layer_norm.js';
export { cast } from './cast.js';
export { gather, oneHot } from './gather.js';
export { affine, type AffineOptions } from './affine.js';
export { resize, type ResizeOptions } from './resize.js';
