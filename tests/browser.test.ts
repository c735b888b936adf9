/** The engine and its models in a real browser. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdapterInfo } from '../src/gpu/device.js';
import { shutdown } from '../src/gpu/init.js';
import { writeFileAtomic } from '../src/io/files.browser.js';
import { loadModel } from '../src/io/model.js';
import { hasChromium, openPage } from './browser/chromium.js';
import type { Task } from './browser/page.js';
import { upstream } from './cases/case.js';
import { families } from './cases/index.js';
import { expectClose, expectSlope } from './harness.js';
import {
  expectClose as expectListsClose,
  inputsOf,
  kerasModels,
  modelFolder,
  targetsOf,
} from './io/keras_models.js';
import type { Outcome } from './on_gpu.js';
import { openGpu } from './setup.js';

/** The page as one script, bundled as an application would be. */
async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./browser/page.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['fovea-source'],
  });
  return outputFiles[0]!.text;
}

function taskOf(name: string): Task {
  const expected = kerasModels[name]!;
  const [x] = inputsOf(expected);
  if (!expected.fit) return { x: x! };
  const { epochs, batch_size: batchSize, validation_split: validationSplit } = expected.fit;
  const [y] = targetsOf(expected);
  return { x: x!, y: y!, fit: { epochs, batchSize, ...(validationSplit && { validationSplit }) } };
}

async function fileOf(name: string): Promise<string | Uint8Array | undefined> {
  const model = /^(\w+)\.json$/.exec(name)?.[1];
  if (model !== undefined) {
    return JSON.stringify(taskOf(model), (_, each: unknown) =>
      ArrayBuffer.isView(each) ? Array.from(each as Float32Array) : each,
    );
  }
  return readFile(join(modelFolder, name)).catch(() => undefined);
}

/** JSON has null for NaN, and for what there is not. */
function numbers(list: ArrayLike<number | null> | null | undefined): Float32Array | undefined {
  return list ? Float32Array.from(list, (value) => value ?? NaN) : undefined;
}

interface Trained {
  readonly before: number[];
  readonly after: number[];
  readonly history: Record<string, number[]>;
}

it('a worker, which has no page, cannot save a file', async () => {
  await expect(writeFileAtomic('out.npz', 'text')).rejects.toMatchObject({ code: 'FILE' });
});

// There is a Chromium in a package for linux-x64 only.
describe.skipIf(!hasChromium)('in Chromium', () => {
  const posted = new Map<string, Buffer[]>();
  const reported = <T>(name: string): T[] =>
    (posted.get(name) ?? []).map((body) => JSON.parse(body.toString()) as T);

  beforeAll(async () => {
    await openPage(await bundled(), fileOf, (name, body) => {
      posted.set(name, [...(posted.get(name) ?? []), body]);
    });
  }, 300_000);

  it.each(families.map(({ op }, i) => [`${op} (${i})`, i] as const))('%s', (_, i) => {
    const { cases, tolerance } = families[i]!;
    const outcomes = reported<Outcome[]>('outcomes')[i]!;
    expect(outcomes.length).toBe(cases.length);
    for (const [k, test] of cases.entries()) {
      const expected = test.forward(test.inputs, test.labels ?? []);
      const { y, grads } = outcomes[k]!;
      expectClose(test.name, numbers(y)!, expected, tolerance.forward);
      if (!test.differentiable.some(Boolean)) continue;
      expectSlope(test, grads.map(numbers), upstream(expected.shape));
    }
  });

  it('no tensor is left', () => {
    expect(reported('left')).toEqual([0]);
  });

  it('the adapter is that of the browser', () => {
    const [adapter] = reported<AdapterInfo>('adapter');
    expect(adapter).toMatchObject({
      source: 'navigator.gpu',
      architecture: 'swiftshader',
      class: 'software',
    });
  });

  it('a model of TensorFlow.js is loaded from a server, and predicts', () => {
    expectListsClose(reported<number[]>('converted'), kerasModels['tfjs']!.before, 1e-5);
  });

  it('a Keras file is loaded, and trained as by Keras', () => {
    const expected = kerasModels['chain']!;
    const [{ before, history, after }] = reported<Trained>('trained') as [Trained];
    expectListsClose([before], expected.before, 1e-5);
    for (const [key, values] of Object.entries(expected.history!)) {
      expectListsClose([history[key]!], [values], 1e-4);
    }
    expectListsClose([after], expected.after!, 1e-3);
  });

  it('a saved model is a download, which Node can load', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'fovea-browser-'));
    const path = join(scratch, 'trained.keras');
    await writeFile(path, posted.get('saved/trained.keras')![0]!);
    await openGpu();
    const model = await loadModel(path);
    const y = await model.predict(taskOf('chain').x);
    const [{ after }] = reported<Trained>('trained') as [Trained];
    expectListsClose([[...(await y.data())]], [after], 1e-5);
    y.dispose();
    model.dispose();
    await rm(scratch, { recursive: true });
  });

  it('a model and weights in the page are loaded by their address', () => {
    const [{ after }] = reported<Trained>('trained') as [Trained];
    expect(reported('again')).toEqual([after, after]);
  });

  it('what is not on the server is an error that says so', () => {
    expect(reported<string>('missing')[0]).toMatch(/none\.keras: the server answers 404/);
  });

  afterAll(shutdown);
});
