/** What tests/browser.test.ts opens in a browser. It reports what comes out there; the test judges it. */
import {
  init,
  loadModel,
  loadWeights,
  memoryInfo,
  saveModel,
  shutdown,
} from '../../src/index.browser.js';
import type { StoredTensor } from '../../src/io/formats/array.js';
import type { HostArray } from '../../src/nn/data.js';
import type { Model } from '../../src/nn/model.js';
import { upstream } from '../cases/case.js';
import { families } from '../cases/index.js';
import { onGpu, type Outcome } from '../on_gpu.js';
import { openGpu } from '../setup.js';

/** What the page asks for as `<model>.json`. */
export interface Task {
  readonly x: StoredTensor;
  readonly y?: StoredTensor;
  readonly fit?: { readonly epochs: number; readonly batchSize: number; validationSplit?: number };
}

async function post(path: string, body: string | Blob): Promise<void> {
  await fetch(path, { method: 'POST', body });
}

/** Typed arrays become lists. */
function json(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    ArrayBuffer.isView(each) ? Array.from(each as Float32Array) : each,
  );
}

const report = (name: string, value: unknown): Promise<void> => post(name, json(value));

/** The results and gradients of all cases of all operations. */
async function runCases(): Promise<void> {
  await openGpu();
  for (const { cases } of families) {
    const outcomes: Outcome[] = [];
    for (const test of cases) {
      const { shape } = test.forward(test.inputs, test.labels ?? []);
      outcomes.push(await onGpu(test, { shape, data: new Float64Array() }, upstream(shape)));
    }
    await report('outcomes', outcomes);
  }
  await report('left', memoryInfo().liveBytes);
  shutdown();
}

async function taskOf(name: string): Promise<Task> {
  return (await fetch(`${name}.json`)).json() as Promise<Task>;
}

function arrayOf({ dtype, data, shape }: StoredTensor): HostArray {
  const values = Array.from(data as ArrayLike<number>);
  return { data: dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values), shape };
}

async function predict(model: Model, { x }: Task): Promise<unknown> {
  const y = await model.predict(arrayOf(x));
  const values = await y.data();
  y.dispose();
  return values;
}

/** What the page saves, in place of the browser's downloads. */
const saved: { href: string; download: string }[] = [];
const { HTMLAnchorElement } = globalThis as unknown as {
  HTMLAnchorElement: { prototype: { click(this: (typeof saved)[0]): void } };
};
HTMLAnchorElement.prototype.click = function (): void {
  saved.push(this);
};

/** Models of Keras: loaded, trained, saved. */
async function runModels(): Promise<void> {
  await report('adapter', await init());
  const converted = await loadModel('tfjs/model.json');
  await report('converted', await predict(converted, await taskOf('tfjs')));
  const model = await loadModel('chain.keras');
  const task = await taskOf('chain');
  const before = await predict(model, task);
  const options = { ...task.fit, shuffle: false, verbose: 0 as const };
  const { history } = await model.fit(arrayOf(task.x), arrayOf(task.y!), options);
  await report('trained', { before, history, after: await predict(model, task) });
  await saveModel(model, 'models/trained.keras');
  const { href, download } = saved[0]!;
  await post(`saved/${download}`, await (await fetch(href)).blob());
  await report('again', await predict(await loadModel(href), task));
  await saveModel(model, 'weights.safetensors');
  const fresh = await loadModel('chain.keras');
  await loadWeights(fresh, saved[1]!.href);
  await report('again', await predict(fresh, task));
  await report('missing', await loadModel('none.keras').catch(String));
}

await runCases()
  .then(runModels)
  .then(
    () => post('end', ''),
    (error: unknown) => post('failed', error instanceof Error ? error.stack! : String(error)),
  );
