#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import process from 'node:process';
import { addClassify } from './classify.js';
import { addConvert } from './convert.js';
import { addDataset } from './dataset.js';
import { addDoctor } from './doctor.js';
import { errorDocument, EXIT, exitCode, printJson } from './exit.js';
import { addEvaluate } from './evaluate.js';
import { addFit } from './fit.js';
import { listenForInterrupts } from './interrupt.js';
import { addKernels } from './kernels.js';
import { addModels } from './models.js';
import { addProfile } from './profile.js';
import { addRun } from './run.js';
import { addSummary } from './summary.js';
import { addTrain } from './train.js';
import { addVerify } from './verify.js';
import { versions } from './versions.js';

const program = new Command('fovea')
  .description('Convolutional networks on any GPU: WebGPU, hand-written WGSL, autograd.')
  .version(versions().fovea)
  .exitOverride()
  .addHelpText(
    'after',
    '\nExit codes: 0 ok, 1 failure, 2 usage, 3 no usable GPU, 4 bad data or file, 5 results ' +
      'differ,\n6 network or another file than was published, 7 out of memory or limits, 130 interrupted.',
  );
addDoctor(program);
addClassify(program);
addModels(program);
addSummary(program);
addRun(program);
addTrain(program);
addDataset(program);
addFit(program);
addEvaluate(program);
addConvert(program);
addVerify(program);
addKernels(program);
addProfile(program);

listenForInterrupts();
// Whoever reads our output may have seen enough: "fovea doctor | head -3".
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  const json = process.argv.includes('--json');
  if (error instanceof CommanderError) {
    // Commander has told people already.
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (json && error.exitCode !== 0) {
      printJson({ error: { code: 'USAGE', message: error.message } });
    }
  } else {
    process.exitCode = exitCode(error);
    if (json) printJson(errorDocument(error));
    else process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}
