import type { Command } from 'commander';
import { join } from 'node:path';
import process from 'node:process';
import { FoveaError } from '../errors.js';
import { init } from '../gpu/init.js';
import { writeFileAtomic } from '../io/files.js';
import { findPictures } from '../io/images/find.js';
import { writePng } from '../io/images/image.js';
import * as applications from '../models/applications.js';
import type { PictureResult } from '../models/predict_images.js';
import { zooName } from '../models/zoo.js';
import type { Model } from '../nn/model.js';
import { CELL, contactPage, contactSheet } from './contact_sheet.js';
import { errorDocument, EXIT, printJson } from './exit.js';
import { integer, withJson } from './model.js';
import { downloadLine } from './models.js';

interface ClassifyFlags {
  readonly model: string;
  readonly weights?: string;
  readonly top: number;
  readonly batchSize: number;
  readonly output?: string;
  readonly json?: boolean;
  readonly jsonl?: boolean;
}

/** Adds `fovea classify IMAGE...`. */
export function addClassify(program: Command): void {
  const command = program
    .command('classify')
    .description('Say what pictures show: the best of the 1,000 classes of ImageNet.')
    .argument('<image...>', 'PNG and JPEG files, folders, or patterns such as "photos/*.jpg"')
    .option('--model <name>', 'a network, named as in Keras: resnet50', 'efficientnetlite0')
    .option('--weights <file>', 'weights of the network (.h5, .keras, .safetensors, .pth)')
    .option('--top <n>', 'how many classes of each picture', integer(1), 5)
    .option('--batch-size <n>', 'pictures that are computed at once', integer(1), 8)
    .option('--output <folder>', 'also write a contact sheet there, as PNG and HTML')
    .option('--jsonl', 'print one JSON object per picture and line, as they come');
  withJson(command).action(async (paths: string[], flags: ClassifyFlags) => {
    checkFlags(flags);
    const files = await findPictures(paths);
    if (files.length === 0) {
      throw new FoveaError('DATA', `there are no PNG or JPEG pictures in ${paths.join(', ')}`);
    }
    const model = await openNetwork(flags);
    const results = await classifyAll(model, files, flags);
    const good = results.filter((result) => !('error' in result));
    if (flags.output !== undefined && good.length > 0) await writeSheet(flags.output, results);
    if (flags.json) printJson({ results: results.map(document) });
    if (good.length < results.length) process.exitCode = EXIT.data;
  });
}

function checkFlags({ json = false, jsonl = false, top }: ClassifyFlags): void {
  if (json && jsonl) throw new FoveaError('ARGUMENT', '--json and --jsonl exclude each other');
  if (top > 1000) throw new FoveaError('ARGUMENT', `--top: there are 1000 classes, got ${top}`);
}

async function openNetwork({ model, weights = 'imagenet' }: ClassifyFlags): Promise<Model> {
  const name = zooName(model);
  await init();
  const line = downloadLine(name);
  try {
    return await applications[name]({ weights, onProgress: line.update });
  } finally {
    line.end();
  }
}

async function classifyAll(
  model: Model,
  files: readonly string[],
  { top, batchSize, output, json = false, jsonl = false }: ClassifyFlags,
): Promise<PictureResult[]> {
  const results: PictureResult[] = [];
  const thumbnail = output === undefined ? undefined : CELL;
  for await (const result of applications.predictImages(model, files, {
    ...{ top, batchSize, thumbnail },
  })) {
    results.push(result);
    if ('error' in result) process.stderr.write(`${result.error.message}\n`);
    if (jsonl) process.stdout.write(`${JSON.stringify(document(result))}\n`);
    else if (!json && !('error' in result)) process.stdout.write(table(result));
  }
  return results;
}

type Classified = Exclude<PictureResult, { readonly error: FoveaError }>;

function table({ file, predictions }: Classified): string {
  const lines = predictions.map(
    ({ label, id, score }) => `  ${(100 * score).toFixed(1).padStart(5)} %  ${label} (${id})`,
  );
  return `${file}\n${lines.join('\n')}\n`;
}

/** A result as it is printed as JSON. */
function document(result: PictureResult): object {
  const { file } = result;
  if ('error' in result) return { file, ...errorDocument(result.error) };
  return { file, predictions: result.predictions };
}

async function writeSheet(folder: string, results: readonly PictureResult[]): Promise<void> {
  await writePng(join(folder, 'contact-sheet.png'), contactSheet(results));
  await writeFileAtomic(join(folder, 'contact-sheet.html'), contactPage(results));
  process.stderr.write(`written: ${join(folder, 'contact-sheet.png')} and .html\n`);
}
