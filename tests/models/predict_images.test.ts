import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { memoryInfo, shutdown } from '../../src/gpu/init.js';
import { photo } from '../../src/io/datasets/photos.js';
import * as applications from '../../src/models/applications.js';
import type { PictureResult } from '../../src/models/predict_images.js';
import { input, layers, model, type Functional } from '../../src/nn/index.js';
import { openGpu } from '../setup.js';

const data = (name: string): string =>
  fileURLToPath(new URL(`../../data/${name}`, import.meta.url));
let network: Functional;
beforeAll(async () => {
  await openGpu();
  network = await applications.efficientNetLite0({ weights: 'imagenet' });
});
afterAll(shutdown);

async function all(results: AsyncIterable<PictureResult>): Promise<PictureResult[]> {
  const list: PictureResult[] = [];
  for await (const result of results) list.push(result);
  return list;
}

it('gives in their order what the model says of each picture', async () => {
  const files = ['rocket.jpg', 'CREDITS.md', 'chelsea.png', 'coffee.jpg'].map(data);
  const options = { top: 3, batchSize: 2, thumbnail: 60 };
  const results = await all(applications.predictImages(network, files, options));
  expect(results.map(({ file }) => file)).toEqual(files);
  expect(results[1]).toMatchObject({ error: { code: 'FILE' } });
  expect(results[2]).toMatchObject({ thumbnail: { width: 60, height: 40, channels: 3 } });
  const live = memoryInfo().liveBytes;
  const x = applications.prepareImage(network, await photo('chelsea'));
  expect(x.shape).toEqual([1, 224, 224, 3]);
  const y = await network.predict(x);
  const [expected] = await applications.decodePredictions(y, { top: 3 });
  y.dispose();
  const { predictions } = results[2] as Exclude<PictureResult, { error: unknown }>;
  expect(predictions.map(({ label }) => label)).toEqual(['tiger_cat', 'Egyptian_cat', 'tabby']);
  for (const [i, { score }] of predictions.entries()) {
    expect(score).toBeCloseTo(expected![i]!.score, 5);
  }
  expect(memoryInfo().liveBytes).toBe(live);
});

it('stops at a signal, and when nobody asks any more', async () => {
  const files = Array.from({ length: 20 }, (_, i) => data(i % 2 ? 'chelsea.png' : 'coffee.jpg'));
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(all(applications.predictImages(network, files, { signal }))).rejects.toThrow(
    'enough',
  );
  let count = 0;
  for await (const result of applications.predictImages(network, files, { batchSize: 1 })) {
    expect(result).toHaveProperty('predictions');
    if (++count === 1) break;
  }
  expect(count).toBe(1);
});

it('needs to know what a model takes', async () => {
  const pictures = input({ shape: [8, 8, 3] });
  const own = model({ inputs: pictures, outputs: layers.flatten().apply(pictures) });
  const files = [data('chelsea.png')];
  await expect(all(applications.predictImages(own, files))).rejects.toThrow(
    /not known which pictures[^]*inputContract/,
  );
  const contract = applications.inputContract('vgg16');
  const x = applications.prepareImage(own, await photo('chelsea'), { input: contract });
  expect(x.shape).toEqual([1, 8, 8, 3]);
  const wrong = applications.predictImages(network, files, { batchSize: 0 });
  await expect(all(wrong)).rejects.toMatchObject({ code: 'ARGUMENT' });
  own.dispose();
});
