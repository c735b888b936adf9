/** The public names of fovea that need no file system: all that there are in a browser. */
export { noGrad, record, valueAndGrad, type Backward } from './autograd.js';
export { FoveaError, type ErrorCode } from './errors.js';
export { type AdapterInfo, type Precision } from './gpu/device.js';
export { type AdapterKind } from './gpu/host.js';
export { init, memoryInfo, shutdown, type InitOptions } from './gpu/init.js';
export { type MemoryInfo } from './gpu/memory.js';
export { loadModel, loadWeights, saveModel, type LoadOptions } from './io/model.js';
export { cifar10Net } from './models/cifar10.js';
export * as callbacks from './nn/callbacks/factories.js';
export { layerModel } from './nn/functional.js';
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
