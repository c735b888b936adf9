import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { copyFile, link, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FoveaError } from '../errors.js';
import { listClasses } from '../io/datasets/image_directory.js';
import { duplicatesOf, inspectFolder, type InspectedFolder } from '../io/datasets/inspect.js';
import { readImage, writePng } from '../io/images/image.js';
import { Random } from '../random.js';
import { sampleGrid, type Sample } from '../vis/sample_grid.js';
import { EXIT, printJson } from './exit.js';
import { integer, number, withJson } from './model.js';

/** Adds `fovea dataset stats|check|split DIR`. */
export function addDataset(program: Command): void {
  const dataset = program
    .command('dataset')
    .description('Look at a folder of pictures with one folder for each class, or split it.');
  const stats = dataset
    .command('stats')
    .description('Count classes, sizes and bytes.')
    .argument('<folder>')
    .option('--output <file.png>', 'also write a picture with samples of each class');
  withJson(stats).action(printStats);
  const check = dataset
    .command('check')
    .description('Find files that cannot be read, equal ones, empty classes and tiny pictures.')
    .argument('<folder>');
  withJson(check).action(printCheck);
  const split = dataset
    .command('split')
    .description('Copy the pictures into train, validation and test, class by class.')
    .argument('<folder>')
    .requiredOption('--output <folder>', 'a new one, where train, validation and test come')
    .option('--validation <share>', 'of each class', number(0, 1), 0.2)
    .option('--test <share>', 'of each class', number(0, 1), 0)
    .option('--seed <n>', 'decides which pictures', integer(0), 0)
    .option('--link', 'make hard links in place of copies');
  withJson(split).action(splitFolder);
}

interface Flags {
  readonly json?: boolean;
  readonly output?: string;
}

async function printStats(folder: string, { json, output }: Flags): Promise<void> {
  const found = await inspectFolder(folder);
  if (output !== undefined) await writePng(output, await samples(found));
  const { classNames, files, badFiles } = found;
  const spread = (values: readonly number[]): { min: number; median: number; max: number } => {
    const sorted = [...values].sort((a, b) => a - b);
    return {
      min: sorted[0] ?? 0,
      median: sorted[sorted.length >> 1] ?? 0,
      max: sorted.at(-1) ?? 0,
    };
  };
  const result = {
    pictures: files.length,
    badFiles: badFiles.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    classes: classNames.map((name, label) => ({
      name,
      pictures: files.filter((file) => file.label === label).length,
    })),
    width: spread(files.map(({ width }) => width)),
    height: spread(files.map(({ height }) => height)),
    channels: countsOf(files.map(({ channels }) => String(channels))),
    endings: countsOf(files.map(({ file }) => file.replace(/^.*\./, '').toLowerCase())),
  };
  if (json) {
    printJson(result);
    return;
  }
  const { width, height } = result;
  const longest = Math.max(...classNames.map(({ length }) => length));
  process.stdout.write(
    result.classes
      .map(({ name, pictures }) => `${name.padEnd(longest)} ${String(pictures).padStart(7)}\n`)
      .join('') +
      `\n${files.length} pictures, ${(result.bytes / 1e6).toFixed(1)} MB, ${badFiles.length} cannot be read\n` +
      `width ${width.min} to ${width.max}, median ${width.median}; ` +
      `height ${height.min} to ${height.max}, median ${height.median}\n`,
  );
}

function countsOf(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

const PER_CLASS = 8;
const MOST_CLASSES = 25;

/** The first pictures of each class, a row for each. */
async function samples({
  classNames,
  files,
}: InspectedFolder): Promise<ReturnType<typeof sampleGrid>> {
  const shown: Sample[] = [];
  for (const [label, name] of classNames.slice(0, MOST_CLASSES).entries()) {
    const some = files.filter((file) => file.label === label).slice(0, PER_CLASS);
    for (const { file } of some) shown.push({ image: await readImage(file), label: name });
  }
  return sampleGrid(shown, { columns: PER_CLASS });
}

/** Networks make nothing of smaller pictures. */
const TINY = 8;

async function printCheck(folder: string, { json }: Flags): Promise<void> {
  const { classNames, files, badFiles } = await inspectFolder(folder);
  const empty = classNames.filter((_, label) => !files.some((file) => file.label === label));
  const tiny = files.filter(({ width, height }) => Math.min(width, height) < TINY);
  const duplicates = duplicatesOf(files);
  const problems = badFiles.length + empty.length + tiny.length + duplicates.length;
  if (problems > 0) process.exitCode = EXIT.data;
  if (json) {
    const names = tiny.map(({ file }) => file);
    printJson({
      pictures: files.length,
      problems,
      badFiles,
      duplicates,
      emptyClasses: empty,
      tiny: names,
    });
    return;
  }
  const lines = [
    ...badFiles.map(({ message }) => `cannot be read: ${message}`),
    ...empty.map((name) => `no pictures: the class ${name}`),
    ...tiny.map(({ file, width, height }) => `tiny, ${width} x ${height}: ${file}`),
    ...duplicates.map((group) => `equal: ${group.join(' ')}`),
  ];
  for (const line of lines) process.stdout.write(`${line}\n`);
  process.stdout.write(`${files.length} pictures, ${problems} problems\n`);
}

interface SplitFlags extends Flags {
  readonly output: string;
  readonly validation: number;
  readonly test: number;
  readonly seed: number;
  readonly link?: boolean;
}

async function splitFolder(folder: string, flags: SplitFlags): Promise<void> {
  const { output, validation, test, seed, json } = flags;
  if (existsSync(output)) throw new FoveaError('ARGUMENT', `there is a folder ${output} already`);
  if (validation + test >= 1) {
    throw new FoveaError(
      'ARGUMENT',
      `--validation ${validation} and --test ${test} leave nothing to train on`,
    );
  }
  const { classNames, paths, labels } = await listClasses(folder, null);
  const counts = { train: 0, validation: 0, test: 0 };
  for (const label of classNames.keys()) {
    const own = paths.filter((_, i) => labels[i] === label);
    new Random(seed).fork(label).shuffle(own);
    const ends = [
      Math.round(own.length * test),
      Math.round(own.length * (test + validation)),
    ] as const;
    for (const [i, path] of own.entries()) {
      const part = i < ends[0] ? 'test' : i < ends[1] ? 'validation' : 'train';
      counts[part]++;
      await place(join(folder, path), join(output, part, path), flags.link ?? false);
    }
  }
  if (json) printJson({ output, ...counts });
  else
    process.stdout.write(
      `${output}: ${counts.train} to train, ${counts.validation} to validate, ${counts.test} to test\n`,
    );
}

async function place(from: string, to: string, isLinked: boolean): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  try {
    await (isLinked ? link(from, to) : copyFile(from, to));
  } catch (cause) {
    throw new FoveaError('FILE', `cannot write ${basename(to)} to ${dirname(to)}`, { cause });
  }
}
