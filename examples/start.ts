/**
 * The tour: a photograph is classified, a convolution by hand, a network that learns to read digits,
 * the same without dropout, a report of what was learned, and the model saved and loaded.
 * `npm start` runs it.
 */
import { join, resolve } from 'node:path';
import process from 'node:process';
import { datasets, init, loadModel, saveModel, type Model } from 'fovea';
import { classifyCat } from './start/cat.js';
import { writeReport } from './start/report.js';
import { photoEdges, textbookSobel } from './start/sobel.js';
import { train } from './start/train.js';

const FOLDER = resolve('runs', 'start');
const EPOCHS = 13;

const start = performance.now();
const adapter = await init();

console.log('\n1. What is in the photograph?');
const cat = await classifyCat();
for (const { label, score } of cat.predictions) {
  console.log(`${(100 * score).toFixed(1).padStart(5)} %  ${label}`);
}

console.log('\n2. A convolution by hand: Sobel on a 6 x 6 slice');
const sobel = await textbookSobel();
console.log(sobel.map((row) => row.map((v) => String(v).padStart(5)).join('')).join('\n'));
const { photo, edges } = await photoEdges();

const data = await datasets.digits();
console.log(`\n3. A network learns ${data.train.y.length} handwritten digits`);
const withDropout = await train(data, true, EPOCHS);
withDropout.model.summary();
console.log(`test accuracy ${(100 * withDropout.testAccuracy).toFixed(2)} %`);

console.log(
  '\n4. The same without dropout: the gap between training and validation loss is overfitting',
);
const without = await train(data, false, EPOCHS);
console.log(`test accuracy ${(100 * without.testAccuracy).toFixed(2)} %`);
const last = (values: readonly number[] | undefined): string => values!.at(-1)!.toFixed(4);
for (const [name, run] of [
  ['with dropout', withDropout],
  ['without', without],
] as const) {
  const { loss, val_loss } = run.history.history;
  console.log(`${name.padEnd(14)} loss ${last(loss)}   validation loss ${last(val_loss)}`);
}

console.log('\n5. The report');
const seconds = (performance.now() - start) / 1000;
const report = await writeReport(FOLDER, {
  ...{
    adapter: adapter.description,
    cat,
    data,
    sobel,
    photo,
    edges,
    withDropout,
    without,
    seconds,
  },
});
console.log(`written to ${report}`);

console.log('\n6. Saved and loaded');
const path = join(FOLDER, 'digits.keras');
await saveModel(withDropout.model, path);
const loaded = await loadModel(path);
const [before, after] = [await predict(withDropout.model), await predict(loaded)];
if (!before.every((value, i) => Object.is(value, after[i]))) {
  throw new Error('the loaded model predicts something else');
}
console.log(`${path}: ${before.length} predictions, all bit-identical`);

if (!cat.predictions[0]!.label.includes('cat')) {
  console.error(`The cat was taken for a ${cat.predictions[0]!.label}.`);
  process.exitCode = 1;
}
if (withDropout.testAccuracy < 0.97) {
  console.error(`The test accuracy ${withDropout.testAccuracy} is below 0.97.`);
  process.exitCode = 1;
}
console.log(`\nDone in ${((performance.now() - start) / 1000).toFixed(1)} s.`);

async function predict(model: Model): Promise<Float32Array> {
  const y = await model.predict({ data: data.test.x, shape: data.test.shape });
  const values = new Float32Array(await y.data());
  y.dispose();
  return values;
}
