/**
 * A training that can be killed and started again: `resumable.ts <folder> <seed> [forever]`. It
 * prints each batch that is done. At its end it leaves weights and history in the folder; with
 * 'forever' it waits there to be killed.
 */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  callbacks,
  datasets,
  init,
  layers,
  optimizers,
  saveModel,
  sequential,
  type FitCallback,
} from '../../src/index.js';

const [folder = '', seed, forever] = process.argv.slice(2);
const SAMPLES = 200;

await init({ log: () => undefined });
const model = sequential(
  [
    layers.input({ shape: [8, 8, 1] }),
    layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }),
    layers.batchNormalization(),
    layers.flatten(),
    layers.dropout({ rate: 0.3 }),
    layers.dense({ units: 10, activation: 'softmax' }),
  ],
  { seed: Number(seed) },
);
model.compile({
  optimizer: optimizers.adam({ learningRate: 0.01 }),
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
});

const progress: FitCallback = {
  isLast: true,
  onBatchEnd: (batch, run) => console.log(`epoch ${run.epoch} batch ${batch}`),
};
const { train } = await datasets.digits();
const x = { data: train.x.subarray(0, SAMPLES * 64), shape: [SAMPLES, 8, 8, 1] };
const history = await model.fit(x, train.y.subarray(0, SAMPLES), {
  ...{ epochs: 6, batchSize: 16, validationSplit: 0.2, verbose: 0 },
  callbacks: [
    callbacks.backupAndRestore({ directory: join(folder, 'backup'), saveFreq: 3 }),
    // Nothing is ever good enough: the learning rate falls after epochs 2 and 4, the end is after 4.
    callbacks.reduceLROnPlateau({ patience: 2, minDelta: 100 }),
    callbacks.earlyStopping({ patience: 4, minDelta: 100, restoreBestWeights: true }),
    callbacks.csvLogger({ filename: join(folder, 'history.csv') }),
    callbacks.modelCheckpoint({
      filepath: join(folder, 'epoch-{epoch:02d}.safetensors'),
      saveWeightsOnly: true,
    }),
    progress,
  ],
});
await saveModel(model, join(folder, 'final.safetensors'));
await writeFile(join(folder, 'history.json'), JSON.stringify(history));
if (forever) {
  process.stdin.resume();
  await once(process.stdin, 'end');
}
