import { InvalidArgumentError, type Command } from 'commander';
import { existsSync } from 'node:fs';
import { init } from '../gpu/init.js';
import { loadModel, type LoadOptions } from '../io/model.js';
import type { Model } from '../nn/model.js';
import type { Shape } from '../shape.js';
import { readArray } from './arrays.js';

/** Opens the GPU and reads a model. */
export async function openModel(
  path: string,
  inputShapes?: LoadOptions['inputShapes'],
): Promise<Model> {
  await init();
  return loadModel(path, inputShapes ? { inputShapes } : {});
}

/**
 * `openModel` for a model that is run on files: where it leaves its input shapes open, they are
 * those of the files.
 *
 * @param files of the inputs in their order, or NAME=FILE
 */
export async function openModelFor(path: string, files: readonly string[]): Promise<Model> {
  const shapes: Shape[] = [];
  const names: string[] = [];
  for (const file of files) {
    // Whether the part before the sign is an input is not known yet.
    const sign = existsSync(file) ? -1 : file.indexOf('=');
    if (sign > 0) names.push(file.slice(0, sign));
    shapes.push((await readArray(file.slice(sign + 1))).shape.slice(1));
  }
  const byName = names.length === files.length;
  return openModel(
    path,
    byName ? Object.fromEntries(names.map((name, i) => [name, shapes[i]!])) : shapes,
  );
}

/** A flag that may be repeated. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** An integer from `least` on. */
export function integer(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It must be an integer of at least ${least}.`);
  };
}

/** A number within limits. */
export function number(least: number, below = Infinity): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value < below) return value;
    const limit = below === Infinity ? '' : ` and less than ${below}`;
    throw new InvalidArgumentError(`It must be a number of at least ${least}${limit}.`);
  };
}

/** '224,224,3' -> [224, 224, 3]. */
export function shape(text: string): Shape {
  const sizes = text.split(',').map(Number);
  if (sizes.every((n) => Number.isInteger(n) && n > 0)) return sizes;
  throw new InvalidArgumentError('It must be positive integers, as in 224,224,3.');
}

/** The flag --json, of every command. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print one JSON document to stdout');
}
