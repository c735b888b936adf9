import type { Command } from 'commander';
import { writeFileAtomic } from '../io/files.js';
import { loadWeights, modelBytes, modelEnding } from '../io/model.js';
import type { Shape } from '../shape.js';
import { printJson } from './exit.js';
import { openModel, shape, withJson } from './model.js';

interface ConvertFlags {
  readonly architecture?: string;
  readonly inputShape?: Shape;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Adds `fovea convert IN OUT`. */
export function addConvert(program: Command): void {
  const command = program
    .command('convert')
    .description('Read a model in one format and write it in another.')
    .argument('<in>', '.keras, .h5, TensorFlow.js model.json; or weights, with --architecture')
    .argument('<out>', '.keras, .weights.h5, .safetensors, .npz or .onnx')
    .option('--architecture <model>', 'the model that weights in IN belong to')
    .option(
      '--input-shape <shape>',
      'height,width,channels, where the file leaves them open',
      shape,
    )
    .option('--dry-run', 'read and check, but write nothing');
  withJson(command).action(async (input: string, output: string, flags: ConvertFlags) => {
    modelEnding(output);
    const { architecture, inputShape, dryRun = false } = flags;
    const model = await openModel(architecture ?? input, inputShape && [inputShape]);
    if (architecture !== undefined) await loadWeights(model, input);
    const file = await modelBytes(model, output);
    if (!dryRun) await writeFileAtomic(output, file);
    const bytes = file.length;
    const layers = model.layers.length;
    const params = model.countParams();
    const compiled = model.compiled !== undefined;
    if (flags.json) printJson({ input, output, written: !dryRun, bytes, layers, params, compiled });
    else {
      const verb = dryRun ? 'would be written' : 'written';
      process.stdout.write(
        `${output} ${verb}: ${layers} layers, ${params} parameters, ${bytes} bytes\n`,
      );
    }
  });
}
