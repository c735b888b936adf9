import type { Command } from 'commander';
import { FoveaError } from '../errors.js';
import { writeFileAtomic } from '../io/files.js';
import type { StoredTensor } from '../io/formats/array.js';
import { writeNpy } from '../io/formats/npy.js';
import { layerModel } from '../nn/functional.js';
import type { Model } from '../nn/model.js';
import { perName, readArrays } from './arrays.js';
import { printJson } from './exit.js';
import { collect, integer, openModelFor, withJson } from './model.js';

interface RunFlags {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly batchSize: number;
  readonly layer?: string;
  readonly json?: boolean;
}

/** Adds `fovea run MODEL --input x.npy --output y.npy`. */
export function addRun(program: Command): void {
  const command = program
    .command('run')
    .description('Run a model on arrays in .npy files.')
    .argument('<model>', '.keras, .h5 or TensorFlow.js model.json')
    .requiredOption('--input <file>', 'samples (.npy); repeat it for several inputs', collect)
    .requiredOption('--output <file>', 'results (.npy); repeat it for several outputs', collect)
    .option('--batch-size <n>', 'samples that are computed at once', integer(1), 32)
    .option('--layer <name>', 'write the output of this layer instead');
  withJson(command).action(async (path: string, flags: RunFlags) => {
    const whole = await openModelFor(path, flags.input);
    const model = flags.layer === undefined ? whole : layerModel(whole, flags.layer);
    const targets = perName('--output', flags.output, model.outputNames);
    for (const file of targets) checkNpy(file);
    const inputs = await readArrays('--input', flags.input, model.inputNames);
    const results = await runModel(model, inputs, flags.batchSize);
    const written: { name: string; file: string; shape: readonly number[] }[] = [];
    for (const [i, file] of targets.entries()) {
      await writeFileAtomic(file, writeNpy(results[i]!));
      written.push({ name: model.outputNames[i]!, file, shape: results[i]!.shape });
    }
    if (flags.json) printJson({ outputs: written });
    else
      for (const { file, shape } of written)
        process.stdout.write(`${file} (${shape.join(', ')})\n`);
  });
}

function checkNpy(file: string): void {
  if (file.endsWith('.npy')) return;
  throw new FoveaError('ARGUMENT', `--output: ${file} does not end in .npy`);
}

/** Results of a model, in memory. */
export async function runModel(
  model: Model,
  inputs: readonly StoredTensor[],
  batchSize: number,
): Promise<StoredTensor[]> {
  const results = await model.predictAll(inputs, { batchSize });
  const arrays: StoredTensor[] = [];
  for (const tensor of results) {
    const data = (await tensor.data()) as Float32Array;
    arrays.push({ dtype: 'float32', shape: [...tensor.shape], data });
    tensor.dispose();
  }
  return arrays;
}
