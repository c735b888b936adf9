/** One error says everything that is wrong with a model. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { readZip, writeZip } from '../../src/io/formats/zip.js';
import { loadModel } from '../../src/io/model.js';
import { openGpu } from '../setup.js';
import { modelFolder } from './keras_models.js';

let scratch: string;
beforeAll(async () => {
  await openGpu();
  scratch = await mkdtemp(join(tmpdir(), 'fovea-errors-'));
});
afterAll(async () => {
  shutdown();
  await rm(scratch, { recursive: true });
});

/** The message with which a model of Keras is refused after changes in its configuration. */
async function refusal(name: string, changes: readonly [string, string][]): Promise<string> {
  const file = new Uint8Array(await readFile(join(modelFolder, name)));
  const members = new Map(readZip(file));
  let config = new TextDecoder().decode(members.get('config.json'));
  for (const [before, after] of changes) {
    expect(config).toContain(before);
    config = config.replace(before, after);
  }
  const path = join(scratch, name);
  await writeFile(path, writeZip(members.set('config.json', new TextEncoder().encode(config))));
  const { liveStorages } = defaultDevice().memory.info();
  const error: unknown = await loadModel(path).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ name: 'FoveaError', code: 'FILE' });
  expect(defaultDevice().memory.info().liveStorages).toBe(liveStorages);
  return (error as Error).message.replace(`${scratch}/`, '');
}

it('unknown layers and options are listed together, with paths into models inside', async () => {
  const message = await refusal('functional.keras', [
    ['"class_name": "Rescaling"', '"class_name": "Rescalling"'],
    ['"class_name": "DepthwiseConv2D"', '"class_name": "DepthwiseConv3D"'],
    ['"negative_slope": 0.2', '"negative_slope": 0.2, "mirrored": true'],
    ['"data_format": "channels_last"', '"data_format": "channels_first"'],
    ['"class_name": "Adam"', '"class_name": "Adem"'],
    ['"use_ema": false', '"use_ema": true'],
  ]);
  const lines = message.split('\n').map((line) => line.trim());
  expect(lines[0]).toBe('functional.keras: the model cannot be used here:');
  expect(lines.slice(1, -1)).toEqual([
    'functional/rescaling: there is no layer Rescalling',
    expect.stringMatching(/^functional\/.*: data_format "channels_first" is not supported$/),
    'functional/inner/depthwise_conv2d: there is no layer DepthwiseConv3D',
    expect.stringMatching(/^functional\/inner\/leaky_re_lu: .*unknown options 'mirrored'/),
    'optimizer: use_ema true is not supported',
    expect.stringMatching(/^compile: optimizer 'Adem' is unknown; allowed are 'sgd',/),
  ]);
});

it('a model that leads to itself is refused', async () => {
  const config = await readFile(join(modelFolder, 'two.keras'));
  const text = new TextDecoder().decode(readZip(new Uint8Array(config)).get('config.json'));
  const [dense] = /"keras_history": \["left", 0, 0\]/.exec(text)!;
  const [last] = /"output_layers": \[\["(\w+)"/.exec(text)!.slice(1);
  const circle = dense.replace('left', last!);
  expect(await refusal('two.keras', [[dense, circle]])).toMatch(
    /come from no layer, or from itself/,
  );
});
