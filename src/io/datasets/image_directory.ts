import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FoveaError } from '../../errors.js';
import { Dataset, LEFT_OUT } from '../../nn/dataset.js';
import type { HostArray } from '../../nn/data.js';
import { checkFlags, checkWord, withDefaults, type Given } from '../../nn/config.js';
import { fileError } from '../files.js';
import { askThreads } from '../images/decode_threads.js';
import type { KerasFit } from '../images/fit.js';
import type { Image } from '../images/image.js';
import type { ResizeMethod, Size } from '../images/resize.js';
import { numpyShuffle } from './numpy_random.js';

/** Labels as numbers, as one-hot rows, as 0 and 1, or none: Keras's names. */
export type LabelMode = 'int' | 'categorical' | 'binary' | null;

interface Settings {
  readonly labelMode: LabelMode;
  readonly classNames: readonly string[] | null;
  readonly colorMode: 'rgb' | 'grayscale';
  readonly batchSize: number | null;
  readonly imageSize: Size;
  readonly shuffle: boolean;
  readonly seed: number | null;
  readonly validationSplit: number;
  readonly subset: 'training' | 'validation' | 'both' | null;
  readonly stratified: boolean;
  readonly interpolation: ResizeMethod;
  readonly cropToAspectRatio: boolean;
}

/** Options of `imageFromDirectory`: Keras's. */
export interface ImageDirectoryOptions extends Given<Settings> {
  /** Default 'int'. */
  readonly labelMode?: LabelMode | undefined;
  /** All folders, in the order of the class numbers. Default: sorted by name. */
  readonly classNames?: readonly string[] | null | undefined;
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
  /** The share of the pictures that is kept for validation. Default 0. */
  readonly validationSplit?: number | undefined;
  /** Which part this is; 'both' gives a pair. Needed with a split. */
  readonly subset?: 'training' | 'validation' | 'both' | null | undefined;
  /** Whether the split takes that share of each class, beyond Keras. Default false. */
  readonly stratified?: boolean | undefined;
  /** Default 'bilinear'. */
  readonly interpolation?: ResizeMethod | undefined;
  /** Whether pictures are cropped to the proportions of `imageSize`, not distorted. Default false. */
  readonly cropToAspectRatio?: boolean | undefined;
}

const DEFAULTS: Settings = {
  labelMode: 'int',
  classNames: null,
  colorMode: 'rgb',
  batchSize: 32,
  imageSize: [256, 256],
  shuffle: true,
  seed: null,
  validationSplit: 0,
  subset: null,
  stratified: false,
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

/** The two parts of the pictures of a folder. */
export interface ImageSplit<D> {
  readonly training: D;
  readonly validation: D;
}

type Element<O> = O extends { readonly batchSize: null } ? LabelledImage : ImageBatch;
type Part<O> = ImageDataset<
  O extends { readonly labelMode: null } ? Omit<Element<O>, 'y'> : Element<O>
>;

/** What `imageFromDirectory` gives: of pictures with `batchSize: null`, a pair with `subset: 'both'`. */
export type ImageDatasets<O> = O extends { readonly subset: 'both' }
  ? ImageSplit<Part<O>>
  : Part<O>;

const WHERE = 'imageFromDirectory';

/**
 * The pictures of a folder that has one folder for each class: Keras's `image_dataset_from_directory`.
 * Classes, files, labels and the split are those of Keras for the same options; how a shuffled set is
 * shuffled anew in each pass is not, as that is not repeatable there. Pictures are decoded in threads when they
 * are needed; values are bytes. A file that cannot be read is listed in `badFiles` and left out.
 *
 * @throws FoveaError ARGUMENT for options that cannot be, FILE when the folder cannot be read, DATA when
 *   it has no classes or no pictures
 */
export async function imageFromDirectory<const O extends ImageDirectoryOptions>(
  folder: string,
  options?: O,
): Promise<ImageDatasets<O>> {
  const settings = checked(withDefaults<Settings>(WHERE, options ?? {}, DEFAULTS));
  const files = await listClasses(folder, settings.classNames);
  const { shuffle, seed: given, subset } = settings;
  const seed = given ?? Math.floor(Math.random() * 1e6);
  const count = files.labels.length;
  const order = shuffle
    ? numpyShuffle(count, seed)
    : Int32Array.from({ length: count }, (_, i) => i);
  const [first, last] = split(order, files.labels, settings);
  const training = (): ImageDataset<unknown> =>
    datasetOf(files, first, shuffle ? seed : undefined, settings);
  const validation = (): ImageDataset<unknown> => datasetOf(files, last, undefined, settings);
  const result =
    subset === 'both'
      ? { training: training(), validation: validation() }
      : subset === 'validation'
        ? validation()
        : training();
  return result as ImageDatasets<O>;
}

function checked(settings: Settings): Settings {
  const { labelMode, colorMode, batchSize, imageSize, seed, validationSplit, subset } = settings;
  checkFlags(WHERE, settings, 'shuffle', 'stratified', 'cropToAspectRatio');
  if (labelMode !== null)
    checkWord(WHERE, 'labelMode', labelMode, ['int', 'categorical', 'binary']);
  checkWord(WHERE, 'colorMode', colorMode, ['rgb', 'grayscale']);
  checkWord(WHERE, 'interpolation', settings.interpolation, [
    ...['nearest', 'bilinear', 'bicubic', 'area'],
  ]);
  if (subset !== null) checkWord(WHERE, 'subset', subset, ['training', 'validation', 'both']);
  for (const [name, value] of [
    ['batchSize', batchSize ?? 1],
    ['imageSize', Math.min(...imageSize)],
  ] as const) {
    if (Number.isInteger(value) && value > 0) continue;
    throw wrong(`${name} must be positive and whole`, name === 'imageSize' ? imageSize : value);
  }
  if (seed !== null && !(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
    throw wrong('seed must be an integer from 0 to 2^32 - 1', seed);
  }
  if (!(validationSplit >= 0 && validationSplit < 1)) {
    throw wrong('validationSplit must be at least 0 and less than 1', validationSplit);
  }
  if (validationSplit > 0 !== (subset !== null)) {
    throw wrong('validationSplit and subset go together', { validationSplit, subset });
  }
  if (validationSplit > 0 && subset !== 'both' && settings.shuffle && seed === null) {
    throw new FoveaError('ARGUMENT', `${WHERE}: a shuffled split needs a seed`, {
      hint: "Without one, the two parts would overlap. Give a seed, or subset: 'both'.",
    });
  }
  return settings;
}

function wrong(problem: string, got: unknown): FoveaError {
  return new FoveaError('ARGUMENT', `${WHERE}: ${problem}, got ${JSON.stringify(got)}`);
}

/** All pictures below some folders, class by class. */
interface ClassFiles {
  readonly folder: string;
  readonly classNames: readonly string[];
  /** Below `folder`, in the order in which Keras lists them. */
  readonly paths: readonly string[];
  readonly labels: Int32Array;
}

const READABLE = /\.(png|jpe?g)$/i;
/** Keras reads these too. */
const UNREADABLE = /\.(bmp|gif)$/i;

async function listClasses(folder: string, wanted: readonly string[] | null): Promise<ClassFiles> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw fileError('read', folder, cause);
  });
  const found = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort(byCodePoint);
  const classNames = wanted ?? found;
  if (found.length === 0) {
    throw new FoveaError('DATA', `${folder} has no folders, so there are no classes`, {
      hint: 'It needs one folder of pictures for each class: cat/1.jpg, dog/1.jpg.',
    });
  }
  if (wanted && (wanted.length !== found.length || found.some((name) => !wanted.includes(name)))) {
    throw new FoveaError(
      'DATA',
      `${folder} has the classes ${found.join(', ')}; expected ${wanted.join(', ')}`,
    );
  }
  const paths: string[] = [];
  const labels: number[] = [];
  for (const [label, name] of classNames.entries()) {
    const before = paths.length;
    await walk(folder, name, paths);
    if (paths.length === before) warn(`the class '${name}' of ${folder} has no pictures`);
    while (labels.length < paths.length) labels.push(label);
  }
  if (paths.length === 0) throw new FoveaError('DATA', `${folder} has no PNG or JPEG pictures`);
  return { folder, classNames, paths, labels: Int32Array.from(labels) };
}

/** Adds the pictures of a folder, then those of the folders in it, each sorted by name. */
async function walk(root: string, folder: string, paths: string[]): Promise<void> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  entries.sort((a, b) => byCodePoint(a.name, b.name));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) continue;
    if (READABLE.test(entry.name)) paths.push(path);
    else if (UNREADABLE.test(entry.name)) warn(`${join(root, path)} is left out: not PNG or JPEG`);
  }
  for (const entry of entries) {
    if (entry.isDirectory()) await walk(root, join(folder, entry.name), paths);
  }
}

/** The order in which Python sorts texts. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.compare(right);
}

function warn(text: string): void {
  process.stderr.write(`fovea: ${text}\n`);
}

/** The first part and the last share of the files; with `stratified` of each class. */
function split(
  order: Int32Array,
  labels: Int32Array,
  { validationSplit, stratified }: Settings,
): [Int32Array, Int32Array] {
  if (!stratified) {
    const last = Math.floor(validationSplit * order.length);
    return [order.slice(0, order.length - last), order.slice(order.length - last)];
  }
  const left = new Map<number, number>();
  for (const label of labels) left.set(label, (left.get(label) ?? 0) + 1);
  for (const [label, count] of left) left.set(label, count - Math.floor(validationSplit * count));
  const isFirst = order.map((index) => {
    const rest = left.get(labels[index]!)!;
    left.set(labels[index]!, rest - 1);
    return rest > 0 ? 1 : 0;
  });
  return [order.filter((_, i) => isFirst[i] === 1), order.filter((_, i) => isFirst[i] === 0)];
}

function datasetOf(
  { folder, classNames, paths, labels }: ClassFiles,
  indices: Int32Array,
  shuffleSeed: number | undefined,
  settings: Settings,
): ImageDataset<unknown> {
  const { labelMode, colorMode, batchSize, imageSize: size, interpolation: resize } = settings;
  const { cropToAspectRatio } = settings;
  const fit = { size, resize, cropToAspectRatio, channels: colorMode === 'rgb' ? 3 : 1 } as const;
  if (labelMode === 'binary' && classNames.length !== 2) {
    throw wrong('labelMode binary is for two classes', classNames);
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
