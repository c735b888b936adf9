import Papa from 'papaparse';
import { FoveaError } from '../../errors.js';
import { withDefaults, type Given } from '../../nn/config.js';
import { readFileOrThrow } from '../files.js';
import {
  checkImageSettings,
  IMAGE_DEFAULTS,
  imageDataset,
  type ImageBatch,
  type ImageDataset,
  type ImageOptions,
  type ImageSettings,
  type LabelledImage,
} from './image_dataset.js';

interface Settings extends ImageSettings {
  readonly csv: string;
  readonly images: string;
  readonly fileColumn: string;
  readonly labelColumn: string;
  readonly classNames: readonly string[] | null;
}

/** Options of `imagesFromCsv`. */
export interface ImageCsvOptions extends ImageOptions, Given<Settings> {
  /** A CSV file with a line of column names; the separator is found out. */
  readonly csv: string;
  /** The folder that the names of files begin in. */
  readonly images: string;
  /** Default 'Path', as in GTSRB. */
  readonly fileColumn?: string | undefined;
  /** Default 'ClassId', as in GTSRB. */
  readonly labelColumn?: string | undefined;
  /**
   * What the labels are called, by class number: those of the training data. Default: the labels of
   * the file, sorted as texts, as folders are.
   */
  readonly classNames?: readonly string[] | null | undefined;
  /** Default false: the order of the file. */
  readonly shuffle?: boolean | undefined;
}

const WHERE = 'imagesFromCsv';

/** What `imagesFromCsv` gives: single pictures with `batchSize: null`. */
export type CsvImages<O> = ImageDataset<
  O extends { readonly batchSize: null } ? LabelledImage : ImageBatch
>;

/**
 * Pictures that a CSV file names, with their classes. A label is the name of a class and not its number: where
 * folders were sorted as texts, the class '2' comes after '10', and has the number that it has in `classNames`.
 *
 * @throws FoveaError FILE when the file cannot be read, DATA for a column or a label that is not there
 */
export async function imagesFromCsv<const O extends ImageCsvOptions>(
  options: O,
): Promise<CsvImages<O>> {
  const settings = withDefaults<Settings>(WHERE, options, {
    ...{ ...IMAGE_DEFAULTS, shuffle: false, fileColumn: 'Path', labelColumn: 'ClassId' },
    ...{ classNames: null, csv: undefined, images: undefined },
  });
  checkImageSettings(WHERE, settings);
  const { csv, images, shuffle, seed } = settings;
  const rows = await readRows(csv, settings.fileColumn, settings.labelColumn);
  const classNames = settings.classNames ?? [...new Set(rows.map(({ label }) => label))].sort();
  const numbers = new Map(classNames.map((name, i) => [name, i]));
  const labels = Int32Array.from(rows, ({ label, line }) => {
    const number = numbers.get(label);
    if (number !== undefined) return number;
    throw new FoveaError('DATA', `${csv}, line ${line}: there is no class '${label}'`, {
      hint: `The classes are ${classNames.slice(0, 20).join(', ')}.`,
    });
  });
  const files = { folder: images, classNames, paths: rows.map(({ file }) => file), labels };
  const order = Int32Array.from(labels, (_, i) => i);
  const shuffleSeed = shuffle ? (seed ?? Math.floor(Math.random() * 1e6)) : undefined;
  return imageDataset(WHERE, files, order, shuffleSeed, settings) as CsvImages<O>;
}

interface Row {
  readonly file: string;
  readonly label: string;
  /** In the file, from 1. */
  readonly line: number;
}

/** Two columns of a CSV file. */
export async function readRows(
  csv: string,
  fileColumn: string,
  labelColumn: string,
): Promise<readonly Row[]> {
  const text = new TextDecoder().decode(await readFileOrThrow(csv)).replace(/^\uFEFF/, '');
  const { data, meta } = Papa.parse<Record<string, string | undefined>>(text, {
    ...{ header: true, skipEmptyLines: true },
  });
  const columns = meta.fields ?? [];
  for (const column of [fileColumn, labelColumn]) {
    if (columns.includes(column)) continue;
    throw new FoveaError('DATA', `${csv} has no column '${column}'`, {
      hint: `Its columns are ${columns.join(', ')}; set fileColumn and labelColumn.`,
    });
  }
  if (data.length === 0) throw new FoveaError('DATA', `${csv} names no pictures`);
  return data.map((row, i) => {
    const [file, label] = [row[fileColumn]?.trim(), row[labelColumn]?.trim()];
    if (file && label) return { file, label, line: i + 2 };
    throw new FoveaError('DATA', `${csv}, line ${i + 2}: a file or its label is missing`);
  });
}
