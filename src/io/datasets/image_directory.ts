import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FoveaError } from '../../errors.js';
import { checkFlags, checkWord, withDefaults, type Given } from '../../nn/config.js';
import { fileError } from '../files.js';
import {
  checkImageSettings,
  IMAGE_DEFAULTS,
  imageDataset,
  warn,
  wrong,
  type ImageBatch,
  type ImageDataset,
  type ImageOptions,
  type ImageSettings,
  type LabelledFiles,
  type LabelledImage,
} from './image_dataset.js';
import { numpyShuffle } from './numpy_random.js';

interface Settings extends ImageSettings {
  readonly classNames: readonly string[] | null;
  readonly validationSplit: number;
  readonly subset: 'training' | 'validation' | 'both' | null;
  readonly stratified: boolean;
}

/** Options of `imageFromDirectory`: Keras's. */
export interface ImageDirectoryOptions extends ImageOptions, Given<Settings> {
  /** All folders, in the order of the class numbers. Default: sorted by name. */
  readonly classNames?: readonly string[] | null | undefined;
  /** The share of the pictures that is kept for validation. Default 0. */
  readonly validationSplit?: number | undefined;
  /** Which part this is; 'both' gives a pair. Needed with a split. */
  readonly subset?: 'training' | 'validation' | 'both' | null | undefined;
  /** Whether the split takes that share of each class, beyond Keras. Default false. */
  readonly stratified?: boolean | undefined;
}

const DEFAULTS: Settings = {
  ...IMAGE_DEFAULTS,
  classNames: null,
  validationSplit: 0,
  subset: null,
  stratified: false,
};

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
    imageDataset(WHERE, files, first, shuffle ? seed : undefined, settings);
  const validation = (): ImageDataset<unknown> =>
    imageDataset(WHERE, files, last, undefined, settings);
  const result =
    subset === 'both'
      ? { training: training(), validation: validation() }
      : subset === 'validation'
        ? validation()
        : training();
  return result as ImageDatasets<O>;
}

function checked(settings: Settings): Settings {
  const { seed, validationSplit, subset } = settings;
  checkImageSettings(WHERE, settings);
  checkFlags(WHERE, settings, 'stratified');
  if (subset !== null) checkWord(WHERE, 'subset', subset, ['training', 'validation', 'both']);
  if (!(validationSplit >= 0 && validationSplit < 1)) {
    throw wrong(WHERE, 'validationSplit must be at least 0 and less than 1', validationSplit);
  }
  if (validationSplit > 0 !== (subset !== null)) {
    const got = { validationSplit, subset };
    throw wrong(WHERE, 'validationSplit and subset go together', got);
  }
  if (validationSplit > 0 && subset !== 'both' && settings.shuffle && seed === null) {
    throw new FoveaError('ARGUMENT', `${WHERE}: a shuffled split needs a seed`, {
      hint: "Without one, the two parts would overlap. Give a seed, or subset: 'both'.",
    });
  }
  return settings;
}

const READABLE = /\.(png|jpe?g)$/i;
/** Keras reads these too. */
const UNREADABLE = /\.(bmp|gif)$/i;

/** All pictures below the folders of the classes, class by class, in the order in which Keras lists them. */
export async function listClasses(
  folder: string,
  wanted: readonly string[] | null,
): Promise<LabelledFiles> {
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
