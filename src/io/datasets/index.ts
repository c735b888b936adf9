/** Data sets that come with the package. */
export { Dataset } from '../../nn/dataset.js';
export { digits, type Digits, type DigitsSplit } from './digits.js';
export { photo, photoNames, type PhotoName } from './photos.js';
export {
  ImageDataset,
  imageFromDirectory,
  type BadFile,
  type ImageBatch,
  type ImageBatches,
  type ImageDatasets,
  type ImageDirectoryOptions,
  type ImageSplit,
  type LabelledImage,
  type LabelMode,
} from './image_directory.js';
