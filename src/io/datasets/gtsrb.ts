import { readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FoveaError } from '../../errors.js';
import { withDefaults, type Given } from '../../nn/config.js';
import { GTSRB_CLASSES } from './gtsrb_classes.js';
import { readRows } from './image_csv.js';
import {
  checkImageSettings,
  IMAGE_DEFAULTS,
  imageDataset,
  wrong,
  type ImageBatches,
  type ImageOptions,
  type ImageSettings,
  type LabelledFiles,
} from './image_dataset.js';

interface Settings extends ImageSettings {
  readonly perClass: { readonly train: number; readonly validation: number } | null;
}

/** Options of `gtsrb`. */
export interface GtsrbOptions extends Omit<ImageOptions, 'batchSize'>, Given<Settings> {
  /** Pictures in a batch. Default 32. */
  readonly batchSize?: number | undefined;
  /**
   * Takes only so many pictures of each class, at equal distances. Default null: all, of which the last
   * fifth of the signs of each class is for validation.
   */
  readonly perClass?: { readonly train: number; readonly validation: number } | null | undefined;
}

/** The German Traffic Sign Recognition Benchmark. */
export interface Gtsrb {
  readonly train: ImageBatches;
  readonly validation: ImageBatches;
  readonly test: ImageBatches;
  /** By class number. */
  readonly classNames: readonly string[];
  /** Authors and source, to be shown wherever the data are. */
  readonly credit: string;
}

const WHERE = 'gtsrb';

/** Where the parts are, in the copy of Kaggle and in the official one. */
const LAYOUTS = [
  {
    ...{ train: 'Train', test: '', csv: 'Test.csv', fileColumn: 'Path' },
    folderOf: (label: number) => String(label),
  },
  {
    ...{ train: 'Final_Training/Images', test: 'Final_Test/Images', csv: 'GT-final_test.csv' },
    ...{ fileColumn: 'Filename', folderOf: (label: number) => String(label).padStart(5, '0') },
  },
] as const;

/**
 * Traffic signs of 43 kinds, from a folder in one of the two layouts in which they are around: that of
 * Kaggle (`Train/0` to `Train/42`, `Test.csv`), or the official one (`Final_Training/Images/00000`,
 * `GT-final_test.csv`). Class numbers are the official ones, however folders sort.
 *
 * Training pictures are tracks of 30 frames of one sign. So that no sign is on both sides, validation has
 * the end of each class.
 *
 * @throws FoveaError DATA when the folder has neither layout, or a class has too few pictures
 */
export async function gtsrb(folder: string, options: GtsrbOptions = {}): Promise<Gtsrb> {
  const settings = withDefaults<Settings>(WHERE, options, { ...IMAGE_DEFAULTS, perClass: null });
  checkImageSettings(WHERE, settings);
  const layout = LAYOUTS.find(({ train }) => existsSync(join(folder, train)));
  if (!layout) {
    throw new FoveaError('DATA', `${folder} has neither a folder Train nor Final_Training`, {
      hint: 'GTSRB can be had from https://benchmark.ini.rub.de/gtsrb_dataset.html, or from Kaggle.',
    });
  }
  const train = await trainFiles(join(folder, layout.train), layout.folderOf);
  const [first, last] = parts(train.labels, train.paths, settings.perClass);
  const csv = [layout.csv, join(layout.test, layout.csv)].find((name) =>
    existsSync(join(folder, name)),
  );
  const test = await testFiles(
    join(folder, csv ?? layout.csv),
    join(folder, layout.test),
    layout.fileColumn,
  );
  const { shuffle, seed } = settings;
  const shuffleSeed = shuffle ? (seed ?? Math.floor(Math.random() * 1e6)) : undefined;
  const part = (files: LabelledFiles, indices: Int32Array, shuffled?: number): ImageBatches =>
    imageDataset(WHERE, files, indices, shuffled, settings) as ImageBatches;
  return {
    train: part(train, first, shuffleSeed),
    validation: part(train, last),
    test: part(
      test,
      Int32Array.from(test.labels, (_, i) => i),
    ),
    classNames: GTSRB_CLASSES,
    credit:
      'German Traffic Sign Recognition Benchmark, J. Stallkamp, M. Schlipsing, J. Salmen and C. Igel ' +
      '(2012), Institut fuer Neuroinformatik, Ruhr-Universitaet Bochum',
  };
}

async function trainFiles(
  folder: string,
  folderOf: (label: number) => string,
): Promise<LabelledFiles> {
  const paths: string[] = [];
  const labels: number[] = [];
  for (const label of GTSRB_CLASSES.keys()) {
    const name = folderOf(label);
    const files = await readdir(join(folder, name)).catch((cause: unknown) => {
      throw new FoveaError('DATA', `${folder} has no folder '${name}' for class ${label}`, {
        cause,
      });
    });
    const pictures = files.filter((file) => /\.(png|ppm)$/i.test(file)).sort();
    for (const file of pictures) {
      paths.push(join(name, file));
      labels.push(label);
    }
  }
  return { folder, classNames: GTSRB_CLASSES, paths, labels: Int32Array.from(labels) };
}

async function testFiles(csv: string, folder: string, fileColumn: string): Promise<LabelledFiles> {
  const rows = await readRows(csv, fileColumn, 'ClassId');
  const labels = Int32Array.from(rows, ({ label, line }) => {
    const number = Number(label);
    if (Number.isInteger(number) && number >= 0 && number < GTSRB_CLASSES.length) return number;
    throw new FoveaError('DATA', `${csv}, line ${line}: there is no class '${label}'`);
  });
  return { folder, classNames: GTSRB_CLASSES, paths: rows.map(({ file }) => file), labels };
}

/** Which files are to train on, and which to validate. */
function parts(
  labels: Int32Array,
  paths: readonly string[],
  perClass: Settings['perClass'],
): [Int32Array, Int32Array] {
  const all: [number[], number[]] = [[], []];
  for (const [label, name] of GTSRB_CLASSES.entries()) {
    const of = Array.from(labels.keys()).filter((i) => labels[i] === label);
    const chosen = perClass ? evenly(of, perClass.train + perClass.validation, name) : of;
    const split = perClass ? perClass.train : signEnd(chosen, paths);
    all[0].push(...chosen.slice(0, split));
    all[1].push(...chosen.slice(split));
  }
  return [Int32Array.from(all[0]), Int32Array.from(all[1])];
}

function evenly(indices: readonly number[], count: number, name: string): number[] {
  if (!Number.isInteger(count) || count < 1) throw wrong(WHERE, 'perClass must be counts', count);
  if (indices.length < count) {
    throw new FoveaError(
      'DATA',
      `gtsrb: the class '${name}' has ${indices.length} pictures, perClass asks for ${count}`,
    );
  }
  return Array.from(
    { length: count },
    (_, i) => indices[Math.floor((i * indices.length) / count)]!,
  );
}

/** Where the last fifth of a class begins, at the first frame of a sign: names have its number. */
function signEnd(indices: readonly number[], paths: readonly string[]): number {
  const signOf = (index: number): string => paths[index]!.replace(/_\d+\.\w+$/, '');
  let at = Math.floor(indices.length * 0.8);
  while (at > 0 && at < indices.length && signOf(indices[at]!) === signOf(indices[at - 1]!)) at--;
  return at;
}
