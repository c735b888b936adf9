import { join } from 'node:path';
import { FoveaError } from '../../errors.js';
import { checkFlags, checkWord } from '../../nn/config.js';
import type { HostArray } from '../../nn/data.js';
import { Dataset, LEFT_OUT } from '../../nn/dataset.js';
import { askThreads } from '../images/decode_threads.js';
import type { KerasFit } from '../images/fit.js';
import type { Image } from '../images/image.js';
import type { ResizeMethod, Size } from '../images/resize.js';

/** Labels as numbers, as one-hot rows, as 0 and 1, or none: Keras's names. */
export type LabelMode = 'int' | 'categorical' | 'binary' | null;

/** How pictures are read and given. */
export interface ImageSettings {
  readonly labelMode: LabelMode;
  readonly colorMode: 'rgb' | 'grayscale';
  readonly batchSize: number | null;
  readonly imageSize: Size;
  readonly shuffle: boolean;
  readonly seed: number | null;
  readonly interpolation: ResizeMethod;
  readonly cropToAspectRatio: boolean;
}

/** Options of all data sets of pictures: Keras's. */
export interface ImageOptions {
  /** Default 'int'. */
  readonly labelMode?: LabelMode | undefined;
  /** Default 'rgb'. */
  readonly colorMode?: 'rgb' | 'grayscale' | undefined;
  /** Pictures in a batch; null: elements are single pictures. Default 32. */
  readonly batchSize?: number | null | undefined;
  /** Default [256, 256]. */
  readonly imageSize?: Size | undefined;
  /** Whether the pictures are put into random order, anew for each pass. Default true. */
  readonly shuffle?: boolean | undefined;
  /** An integer from 0 to 2^32 - 1. Default: another one each time. */
  readonly seed?: number | null | undefined;
  /** Default 'bilinear'. */
  readonly interpolation?: ResizeMethod | undefined;
  /** Whether pictures are cropped to the proportions of `imageSize`, not distorted. Default false. */
  readonly cropToAspectRatio?: boolean | undefined;
}

export const IMAGE_DEFAULTS: ImageSettings = {
  labelMode: 'int',
  colorMode: 'rgb',
  batchSize: 32,
  imageSize: [256, 256],
  shuffle: true,
  seed: null,
  interpolation: 'bilinear',
  cropToAspectRatio: false,
};

/** A picture, [height, width, channels] of bytes, and its class as `labelMode` says. */
export interface LabelledImage {
  readonly x: HostArray;
  readonly y: HostArray | number;
}

/** Pictures [n, height, width, channels] of bytes, and their classes. */
export interface ImageBatch {
  readonly x: HostArray;
  readonly y: HostArray;
}

/** A file that could not be read. */
export interface BadFile {
  readonly file: string;
  readonly message: string;
}

/** Pictures of a folder, or batches of them, and where they come from. */
export class ImageDataset<T> extends Dataset<T> {
  constructor(
    dataset: Dataset<T>,
    /** Number i is the name of class i. */
    readonly classNames: readonly string[],
    /** Of the pictures, in an order of their own: that of a pass that is not shuffled anew. */
    readonly filePaths: readonly string[],
    /** The class of each of `filePaths`. */
    readonly labels: Int32Array,
    /** Files that could not be read so far: batches are made without them. */
    readonly badFiles: readonly BadFile[],
  ) {
    super(dataset.size, dataset.source, dataset.ahead);
  }
}

/** Batches of pictures with their classes. */
export type ImageBatches = ImageDataset<ImageBatch>;

/** Throws ARGUMENT for values that are not allowed. */
export function checkImageSettings(where: string, settings: ImageSettings): void {
  const { labelMode, colorMode, batchSize, imageSize, seed, interpolation } = settings;
  checkFlags(where, settings, 'shuffle', 'cropToAspectRatio');
  if (labelMode !== null)
    checkWord(where, 'labelMode', labelMode, ['int', 'categorical', 'binary']);
  checkWord(where, 'colorMode', colorMode, ['rgb', 'grayscale']);
  checkWord(where, 'interpolation', interpolation, ['nearest', 'bilinear', 'bicubic', 'area']);
  for (const [name, value, got] of [
    ['batchSize', batchSize ?? 1, batchSize],
    [
      'imageSize',
      (imageSize as readonly number[]).length === 2 ? Math.min(...imageSize) : 0,
      imageSize,
    ],
  ] as const) {
    if (Number.isInteger(value) && value > 0) continue;
    throw wrong(where, `${name} must be positive and whole`, got);
  }
  if (seed === null || (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) return;
  throw wrong(where, 'seed must be an integer from 0 to 2^32 - 1', seed);
}

/** The error for an option that cannot be. */
export function wrong(where: string, problem: string, got: unknown): FoveaError {
  return new FoveaError('ARGUMENT', `${where}: ${problem}, got ${JSON.stringify(got)}`);
}

/** Says something about data on stderr. */
export function warn(text: string): void {
  process.stderr.write(`fovea: ${text}\n`);
}

/** Files of pictures and their classes. */
export interface LabelledFiles {
  readonly folder: string;
  readonly classNames: readonly string[];
  /** Below `folder`. */
  readonly paths: readonly string[];
  readonly labels: Int32Array;
}

/**
 * Some of the files as a data set.
 *
 * @param indices of the files, in their order
 * @param shuffleSeed undefined: they stay in this order
 */
export function imageDataset(
  where: string,
  { folder, classNames, paths, labels }: LabelledFiles,
  indices: Int32Array,
  shuffleSeed: number | undefined,
  settings: ImageSettings,
): ImageDataset<unknown> {
  const { labelMode, colorMode, batchSize, imageSize: size, interpolation: resize } = settings;
  const { cropToAspectRatio } = settings;
  const fit = { size, resize, cropToAspectRatio, channels: colorMode === 'rgb' ? 3 : 1 } as const;
  if (labelMode === 'binary' && classNames.length !== 2) {
    throw wrong(where, 'labelMode binary is for two classes', classNames);
  }
  const badFiles: BadFile[] = [];
  const pictures = new Dataset(indices.length, async (i) => {
    const index = indices[i]!;
    const x = await readPicture(join(folder, paths[index]!), fit, badFiles);
    if (!x) return LEFT_OUT;
    return labelMode === null
      ? { x }
      : { x, y: labelOf(labels[index]!, labelMode, classNames.length) };
  });
  const ordered = shuffleSeed === undefined ? pictures : pictures.shuffle({ seed: shuffleSeed });
  return new ImageDataset<unknown>(
    batchSize === null ? ordered : ordered.batch(batchSize),
    classNames,
    Array.from(indices, (index) => join(folder, paths[index]!)),
    indices.map((index) => labels[index]!),
    badFiles,
  );
}

function labelOf(
  label: number,
  mode: Exclude<LabelMode, null>,
  classes: number,
): HostArray | number {
  if (mode === 'int') return label;
  if (mode === 'binary') return { data: Float32Array.of(label), shape: [1] };
  return {
    data: Float32Array.from({ length: classes }, (_, c) => Number(c === label)),
    shape: [classes],
  };
}

/** Files that are named on stderr. */
const MOST_NAMED = 10;

async function readPicture(
  file: string,
  fit: KerasFit,
  badFiles: BadFile[],
): Promise<HostArray | undefined> {
  const image = await askThreads<Image>({ kind: 'keras', path: file, fit });
  if (!(image instanceof FoveaError)) {
    return { data: image.data, shape: [image.height, image.width, image.channels] };
  }
  if (!badFiles.some((bad) => bad.file === file)) {
    const [message = ''] = image.message.split('\n');
    badFiles.push({ file, message });
    if (badFiles.length <= MOST_NAMED) warn(`left out: ${message}`);
    if (badFiles.length === MOST_NAMED) warn('further files that cannot be read are not named');
  }
  return undefined;
}
