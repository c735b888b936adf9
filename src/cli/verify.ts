import type { Command } from 'commander';
import { FoveaError } from '../errors.js';
import { readFileOrThrow } from '../io/files.js';
import type { StoredTensor } from '../io/formats/array.js';
import { readNpz } from '../io/formats/npy.js';
import { layerModel } from '../nn/functional.js';
import { sameShape } from '../shape.js';
import { readArrays } from './arrays.js';
import { EXIT, printJson } from './exit.js';
import { collect, integer, number, openModelFor, withJson } from './model.js';
import { runModel } from './run.js';

interface VerifyFlags {
  readonly input: readonly string[];
  readonly reference: readonly string[];
  readonly layers?: string;
  readonly tolerance: number;
  readonly batchSize: number;
  readonly json?: boolean;
}

/** How far a result is from its reference. */
export interface Comparison {
  readonly name: string;
  /** Largest difference, and the same in relation to the largest reference value. */
  readonly difference: number;
  readonly relative: number;
  readonly isSame: boolean;
  /** Set where the shapes differ. */
  readonly problem?: string;
}

/** Adds `fovea verify MODEL --input x.npy --reference y.npy`. */
export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .description('Compare the results of a model with known ones. Exit code 5: they differ.')
    .argument('<model>', '.keras, .h5 or TensorFlow.js model.json')
    .requiredOption('--input <file>', 'samples (.npy); repeat it for several inputs', collect)
    .requiredOption('--reference <file>', 'known results (.npy), likewise', collect)
    .option('--layers <file>', 'known results of layers (.npz), under the names of the layers')
    .option('--tolerance <share>', 'of the largest reference value', number(0), 1e-4)
    .option('--batch-size <n>', 'samples that are computed at once', integer(1), 32);
  withJson(command).action(async (path: string, flags: VerifyFlags) => {
    const { tolerance, batchSize } = flags;
    const model = await openModelFor(path, flags.input);
    const inputs = await readArrays('--input', flags.input, model.inputNames);
    const comparisons: Comparison[] = [];
    const known = flags.layers === undefined ? new Map() : await knownLayers(flags.layers);
    for (const { name } of model.layers) {
      const reference = known.get(name) as StoredTensor | undefined;
      known.delete(name);
      if (!reference) continue;
      const [result] = await runModel(layerModel(model, name), inputs, batchSize);
      comparisons.push(compare(name, result!, reference, tolerance));
    }
    if (known.size > 0) {
      const names = [...(known.keys() as Iterable<string>)].join(', ');
      throw new FoveaError('DATA', `${flags.layers!}: the model has no layers ${names}`);
    }
    const references = await readArrays('--reference', flags.reference, model.outputNames);
    const results = await runModel(model, inputs, batchSize);
    results.forEach((result, i) => {
      comparisons.push(compare(model.outputNames[i]!, result, references[i]!, tolerance));
    });
    report(comparisons, flags);
  });
}

async function knownLayers(path: string): Promise<Map<string, StoredTensor>> {
  return new Map(readNpz(await readFileOrThrow(path)));
}

/** Compares element by element. NaN equals only NaN. */
export function compare(
  name: string,
  result: StoredTensor,
  reference: StoredTensor,
  tolerance: number,
): Comparison {
  if (!sameShape(result.shape, reference.shape)) {
    const problem = `has shape (${result.shape.join(', ')}), the reference (${reference.shape.join(', ')})`;
    return { name, difference: Infinity, relative: Infinity, isSame: false, problem };
  }
  let [difference, largest] = [0, 0];
  for (let i = 0; i < result.data.length; i++) {
    const [actual, expected] = [result.data[i]!, reference.data[i]!];
    if (Object.is(actual, expected)) continue;
    const distance = Math.abs(actual - expected);
    difference = Number.isNaN(distance) ? Infinity : Math.max(difference, distance);
  }
  for (const value of reference.data) largest = Math.max(largest, Math.abs(value) || 0);
  const relative = difference === 0 ? 0 : difference / largest;
  return { name, difference, relative, isSame: relative <= tolerance };
}

function report(comparisons: readonly Comparison[], { json, tolerance }: VerifyFlags): void {
  const first = comparisons.find(({ isSame }) => !isSame);
  if (json) {
    printJson({
      same: first === undefined,
      tolerance,
      firstDifference: first ?? null,
      comparisons,
    });
  } else {
    for (const { name, relative, isSame, problem } of comparisons) {
      const what = problem ?? `differs by ${relative.toExponential(2)} of the largest value`;
      process.stdout.write(`${isSame ? 'same     ' : 'different'}  ${name}  ${what}\n`);
    }
    const verdict = first ? `The first that differs is ${first.name}.` : 'All are the same.';
    process.stdout.write(`${verdict}\n`);
  }
  if (first) process.exitCode = EXIT.differs;
}
