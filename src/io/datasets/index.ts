/** Data sets: that come with the package, that are downloaded, and of your own files. */
export { Dataset } from '../../nn/dataset.js';
export { cifar10, cifar100, type Cifar100Options } from './cifar.js';
export { digits, type Digits, type DigitsSplit } from './digits.js';
export { fromTensors, toCategorical } from './in_memory.js';
export { fashionMnist, mnist } from './mnist.js';
export { photo, photoNames, type PhotoName } from './photos.js';
export { type FetchDataOptions, type PictureData, type PictureSplit } from './fetch.js';
export { gtsrb, type Gtsrb, type GtsrbOptions } from './gtsrb.js';
export { imagesFromCsv, type CsvImages, type ImageCsvOptions } from './image_csv.js';
export {
  ImageDataset,
  type BadFile,
  type ImageBatch,
  type ImageBatches,
  type ImageOptions,
  type LabelledImage,
  type LabelMode,
} from './image_dataset.js';
export {
  imageFromDirectory,
  type ImageDatasets,
  type ImageDirectoryOptions,
  type ImageSplit,
} from './image_directory.js';
