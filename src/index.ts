/** fovea: convolutional networks on any GPU, with hand-written WGSL. The public names. */
export { noGrad, record, valueAndGrad, type Backward } from './autograd.js';
export { FoveaError, type ErrorCode } from './errors.js';
export { type AdapterInfo, type Precision } from './gpu/device.js';
export { type AdapterKind } from './gpu/host.js';
export { init, memoryInfo, shutdown, type InitOptions } from './gpu/init.js';
export { type MemoryInfo } from './gpu/memory.js';
export * as callbacks from './io/callbacks/index.js';
export * as datasets from './io/datasets/index.js';
export {
  decodeImage,
  readImage,
  toGray,
  toRgb,
  writeJpeg,
  writePng,
  type DecodeOptions,
  type Image,
} from './io/images/image.js';
export {
  centralCrop,
  resizeImage,
  resizeValues,
  type ResizeMethod,
  type Size,
} from './io/images/resize.js';
export { writeFileAtomic } from './io/files.js';
export { loadModel, loadWeights, saveModel, type LoadOptions } from './io/model.js';
export { layerModel } from './nn/functional.js';
export * as applications from './models/applications.js';
export { cifar10Net } from './models/cifar10.js';
export * from './nn/index.js';
export * from './ops/index.js';
export { Random, randomNormal, randomUniform } from './random.js';
export { keep, scope } from './scope.js';
export { type Padding, type Pair, type Shape } from './shape.js';
export {
  empty,
  requireGrad,
  tensor,
  Tensor,
  type DType,
  type NestedArray,
  type TensorOptions,
} from './tensor.js';
export * as vis from './vis/index.js';
