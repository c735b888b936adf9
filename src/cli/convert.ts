import type { Command } from 'commander';
import { FoveaError } from '../errors.js';
import { loadWeights, saveModel } from '../io/model.js';
import type { Shape } from '../shape.js';
import { printJson } from './exit.js';
import { openModel, shape, withJson } from './model.js';

interface ConvertFlags {
  readonly architecture?: string;
  readonly inputShape?: Shape;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const ENDINGS = ['.keras', '.weights.h5', '.safetensors', '.onnx'];

/** Adds `fovea convert IN OUT`. */
export function addConvert(program: Command): void {
  const command = program
    .command('convert')
    .description('Read a model in one format and write it in another.')
    .argument('<in>', '.keras, .h5, TensorFlow.js model.json; or weights, with --architecture')
    .argument('<out>', ENDINGS.join(', '))
    .option('--architecture <model>', 'the model that weights in IN belong to')
    .option(
      '--input-shape <shape>',
      'height,width,channels, where the file leaves them open',
      shape,
    )
    .option('--dry-run', 'read and check, but write nothing');
  withJson(command).action(async (input: string, output: string, flags: ConvertFlags) => {
    if (!ENDINGS.some((ending) => output.endsWith(ending))) {
      throw new FoveaError('ARGUMENT', `convert: ${output} has no ending that tells a format`, {
        hint: `Endings are ${ENDINGS.join(', ')}.`,
      });
    }
    const { architecture, inputShape, dryRun = false } = flags;
    const model = await openModel(architecture ?? input, inputShape && [inputShape]);
    if (architecture !== undefined) await loadWeights(model, input);
    if (!dryRun) await saveModel(model, output);
    const layers = model.layers.length;
    const params = model.countParams();
    const compiled = model.compiled !== undefined;
    if (flags.json) printJson({ input, output, written: !dryRun, layers, params, compiled });
    else {
      const verb = dryRun ? 'would be written' : 'written';
      process.stdout.write(`${output} ${verb}: ${layers} layers, ${params} parameters\n`);
    }
  });
}
