import type { Command } from 'commander';
import { existsSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import process from 'node:process';
import { FoveaError } from '../errors.js';
import type { Progress } from '../io/download.js';
import { publishedFile } from '../models/published.js';
import { bundledFile, cachedFiles, hasImagenet, pullWeights } from '../models/weights.js';
import { zoo, zooName, type ZooName } from '../models/zoo.js';
import { printJson } from './exit.js';
import { withJson } from './model.js';

interface Flags {
  readonly top: boolean;
  readonly json?: boolean;
}

/** What there is of the weights of a network. */
interface Entry {
  readonly name: string;
  readonly top: boolean;
  readonly state: 'bundled' | 'cached' | 'part' | 'published';
  readonly path: string;
  readonly bytes: number;
}

/** Adds `fovea models list | pull | path | rm`. */
export function addModels(program: Command): void {
  const models = program.command('models').description('Weights of networks, in the cache.');
  const named = (name: string, text: string): Command =>
    withJson(
      models.command(name).description(text).argument('<model>', 'as in Keras: resnet50'),
    ).option('--no-top', 'the weights without the classifier');
  withJson(models.command('list').description('Which weights there are, and where.')).action(
    (flags: { readonly json?: boolean }) => {
      list(flags.json ?? false);
    },
  );
  named('pull', 'Download the weights of a network.').action(async (name: string, flags: Flags) => {
    const model = zooName(name);
    const line = downloadLine(model);
    let path: string;
    try {
      path = await pullWeights(model, flags.top, { onProgress: line.update });
    } finally {
      line.end();
    }
    tell(path, flags);
  });
  named('path', 'Print where the weights of a network are.').action(
    (name: string, flags: Flags) => {
      const entry = entryOf(zooName(name), flags.top);
      if (entry.state === 'bundled' || entry.state === 'cached') tell(entry.path, flags);
      else throw missing(entry);
    },
  );
  named('rm', 'Remove the weights of a network from the cache.').action(
    async (name: string, flags: Flags) => {
      const entry = entryOf(zooName(name), flags.top);
      if (entry.state !== 'cached' && entry.state !== 'part') throw missing(entry);
      const { published, ready } = cachedFiles(zooName(name), flags.top);
      for (const file of [published, `${published}.part`, ready]) await rm(file, { force: true });
      tell(entry.path, flags);
    },
  );
}

function tell(path: string, { json = false }: Flags): void {
  if (json) printJson({ path });
  else process.stdout.write(`${path}\n`);
}

function missing({ name, state }: Entry): FoveaError {
  const text = state === 'bundled' ? 'are in the package' : 'are not in the cache';
  return new FoveaError('FILE', `the weights of ${name} ${text}`, {
    ...(state !== 'bundled' && { hint: `fovea models pull ${name} fetches them.` }),
  });
}

function entryOf(model: ZooName, top: boolean): Entry {
  const name = model.toLowerCase();
  const bundled = bundledFile(model);
  if (bundled !== undefined) return { name, top, state: 'bundled', ...file(bundled) };
  const { published, ready } = cachedFiles(model, top);
  const found = [ready, published].find((path) => existsSync(path));
  if (found !== undefined) return { name, top, state: 'cached', ...file(found) };
  const part = `${published}.part`;
  if (existsSync(part)) return { name, top, state: 'part', ...file(part) };
  return { name, top, state: 'published', path: publishedFile(model, top)?.url ?? '', bytes: 0 };
}

function file(path: string): { path: string; bytes: number } {
  return { path, bytes: statSync(path).size };
}

function list(json: boolean): void {
  const names = (Object.keys(zoo) as ZooName[]).filter(hasImagenet);
  const entries = names.flatMap((name) => {
    const noTop = entryOf(name, false);
    return noTop.state === 'cached' || noTop.state === 'part'
      ? [entryOf(name, true), noTop]
      : [entryOf(name, true)];
  });
  if (json) {
    printJson({ models: entries });
    return;
  }
  for (const { name, top, state, path, bytes } of entries) {
    const label = `${name}${top ? '' : ' (no top)'}`.padEnd(26);
    const size = bytes > 0 ? `${megabytes(bytes)} MB` : '';
    process.stdout.write(`${label}${state.padEnd(11)}${size.padStart(9)}  ${path}\n`);
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** One line on stderr that tells how far a download is; several where it is no terminal. */
export function downloadLine(name: string): {
  readonly update: (progress: Progress) => void;
  readonly end: () => void;
} {
  let isOpen = false;
  let last = 0;
  const { isTTY } = process.stderr;
  return {
    update: ({ done, total }) => {
      const now = performance.now();
      if (isOpen && now - last < (isTTY ? 200 : 10_000) && done !== total) return;
      last = now;
      isOpen = true;
      const of = total === undefined ? '' : ` of ${megabytes(total)}`;
      const text = `${name.toLowerCase()}: ${megabytes(done)}${of} MB`;
      process.stderr.write(isTTY ? `\r${text}` : `${text}\n`);
    },
    end: () => {
      if (isOpen && isTTY) process.stderr.write('\n');
    },
  };
}
