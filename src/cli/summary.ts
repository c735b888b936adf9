import type { Command } from 'commander';
import { writeFileAtomic } from '../io/files.js';
import { formatBatch } from '../nn/data.js';
import { macsOf } from '../nn/macs.js';
import { activationBytes } from '../nn/summary.js';
import type { Shape } from '../shape.js';
import { plotModel } from '../vis/graph.js';
import { printJson } from './exit.js';
import { openModel, shape, withJson } from './model.js';

interface SummaryFlags {
  readonly inputShape?: Shape;
  readonly trainable?: boolean;
  readonly expandNested?: boolean;
  readonly macs?: boolean;
  readonly activations?: boolean;
  readonly plot?: string;
  readonly json?: boolean;
}

/** Adds `fovea summary MODEL`. */
export function addSummary(program: Command): void {
  const command = program
    .command('summary')
    .description('Print the layers of a model: shapes, parameters, connections.')
    .argument('<model>', '.keras, .h5 or TensorFlow.js model.json')
    .option(
      '--input-shape <shape>',
      'height,width,channels, where the file leaves them open',
      shape,
    )
    .option('--trainable', 'show which layers are trained')
    .option('--expand-nested', 'list the layers of models inside')
    .option('--macs', 'show the multiply-accumulates of one sample')
    .option('--activations', 'show the bytes of what each layer gives for one sample')
    .option('--plot <file.svg>', 'also draw the graph of layers');
  withJson(command).action(async (path: string, flags: SummaryFlags) => {
    const model = await openModel(path, flags.inputShape && [flags.inputShape]);
    if (flags.plot !== undefined) await writeFileAtomic(flags.plot, plotModel(model));
    if (!flags.json) {
      const showTrainable = flags.trainable ?? false;
      const text = model.summary({
        print: () => undefined,
        showTrainable,
        expandNested: flags.expandNested ?? false,
        showMacs: flags.macs ?? false,
        showActivations: flags.activations ?? false,
      });
      process.stdout.write(`${text}\n`);
      return;
    }
    const all = model.countParams();
    const trainable = model.trainableWeights.reduce((sum, { value }) => sum + value.size, 0);
    printJson({
      name: model.name,
      className: model.className,
      inputs: model.inputs.map(({ name, shape: size }) => ({ name, shape: formatBatch(size) })),
      outputs: model.outputs.map(({ name, shape: size }) => ({ name, shape: formatBatch(size) })),
      layers: model.layers.map((layer) => ({
        name: layer.name,
        className: layer.className,
        outputShapes: model.graph
          .usesOf(layer)
          .flatMap(({ outputs }) => outputs.map((output) => formatBatch(output.shape))),
        params: layer.weights.reduce((sum, { value }) => sum + value.size, 0),
        macs: sum(model.graph.usesOf(layer).map(macsOf)),
        activationBytes: sum(model.graph.usesOf(layer).map(activationBytes)),
        trainable: layer.trainable,
      })),
      params: { total: all, trainable, nonTrainable: all - trainable },
    });
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
