import { readFile } from 'node:fs/promises';
import { FoveaError } from '../errors.js';
import { fileError } from '../io/files.js';
import type { Freeze } from '../models/transfer.js';
import { withDefaults } from '../nn/config.js';
import { randomSeed } from '../nn/seeds.js';

/** Everything that decides a training: `config.json` in the folder of a run. */
export interface TrainConfig {
  /** Folder with one folder of pictures for each class. */
  readonly data: string;
  /** Such a folder to validate on; null: a part of `data`. */
  readonly valData: string | null;
  /** The part of `data` to validate on, by Keras's rule; 0: none. */
  readonly validationSplit: number;
  /** 'cifar10', the name of a network, or a `.keras` file that takes pictures of 0 to 255. */
  readonly model: string;
  /** 'imagenet', 'none' or a file; null: 'imagenet' where there is such a network, else 'none'. */
  readonly weights: string | null;
  /** Which layers of the network are not trained; null: all where it has weights, else none. */
  readonly freeze: Freeze | null;
  /** Height and width of pictures; null: those of the network. */
  readonly imageSize: number | null;
  /** As 'flip,rotation=0.05': see `augmentation`. */
  readonly augment: string;
  /** Whether there are dropout layers. */
  readonly dropout: boolean;
  readonly epochs: number;
  readonly batch: number;
  readonly optimizer: string;
  /** Null: that of the optimizer. */
  readonly lr: number | null;
  /** Epochs without a better validation loss before it stops; null: never. */
  readonly patience: number | null;
  readonly precision: 'float32' | 'mixed';
  readonly seed: number;
}

const DEFAULTS = {
  data: '',
  valData: null,
  validationSplit: 0.1,
  model: 'cifar10',
  weights: null,
  freeze: null,
  imageSize: null,
  augment: '',
  dropout: true,
  epochs: 10,
  batch: 32,
  optimizer: 'adam',
  lr: null,
  patience: null,
  precision: 'float32',
} as const satisfies Omit<TrainConfig, 'seed'>;

/**
 * Flags over the values of a file over the defaults.
 *
 * @param flags undefined where they were not given
 * @throws FoveaError ARGUMENT for a value that cannot be, or a name that does not exist
 */
export function trainConfig(
  flags: Readonly<Record<string, unknown>>,
  file: Readonly<Record<string, unknown>> = {},
): TrainConfig {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const merged = { ...file, ...Object.fromEntries(given) };
  const config = withDefaults<TrainConfig>('train', merged, { ...DEFAULTS, seed: randomSeed() });
  for (const [name, check] of Object.entries(CHECKS)) {
    const value = config[name as keyof TrainConfig];
    const problem = check(value);
    if (problem === undefined) continue;
    throw new FoveaError('ARGUMENT', `train: ${name} must be ${problem}, got ${show(value)}`);
  }
  return config;
}

type Check = (value: unknown) => string | undefined;

const integer =
  (least: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least
      ? undefined
      : `an integer from ${least}`;
const share: Check = (value) =>
  typeof value === 'number' && value >= 0 && value < 1 ? undefined : 'at least 0 and less than 1';
const text: Check = (value) => (typeof value === 'string' ? undefined : 'text');
const path: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'given: the folder with the pictures';
const positive: Check = (value) =>
  typeof value === 'number' && value > 0 && Number.isFinite(value) ? undefined : 'above 0';
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null ? undefined : check(value);

const CHECKS: { readonly [name in keyof TrainConfig]: Check } = {
  data: path,
  valData: orNull(text),
  validationSplit: share,
  model: text,
  weights: orNull(text),
  freeze: orNull((value) =>
    value === 'all' || value === 'none'
      ? undefined
      : integer(0)(value) && "a number, 'all' or 'none'",
  ),
  imageSize: orNull(integer(1)),
  augment: text,
  dropout: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
  epochs: integer(1),
  batch: integer(1),
  optimizer: text,
  lr: orNull(positive),
  patience: orNull(integer(1)),
  precision: (value) =>
    value === 'float32' || value === 'mixed' ? undefined : "'float32' or 'mixed'",
  seed: integer(0),
};

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

/** Reads a JSON object. Throws FILE when there is none. */
export async function readJsonObject(file: string): Promise<Record<string, unknown>> {
  const bytes = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw fileError('read', file, cause);
  });
  try {
    const value: unknown = JSON.parse(bytes);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch (cause) {
    throw new FoveaError('FILE', `${file} is no JSON: ${String(cause)}`, { cause });
  }
  throw new FoveaError('FILE', `${file} holds no JSON object`);
}
