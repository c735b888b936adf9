/** fovea: convolutional networks on any GPU, with hand-written WGSL. The public names. */
export * from './index.browser.js';
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
export * as applications from './models/applications.js';
export * as vis from './vis/index.js';
