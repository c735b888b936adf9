import { defaultDevice } from '../src/gpu/init.js';
import { cifar10Net } from '../src/models/cifar10.js';
import { conv2dGeometry } from '../src/ops/conv2d.js';
import { convGradFilter, convGradInput } from '../src/ops/gemm.js';
import { conv2d, matmul } from '../src/ops/index.js';
import { scope } from '../src/scope.js';
import { empty, tensor, type Tensor } from '../src/tensor.js';
import type { Library } from './rows.js';

const random = (...shape: number[]): Tensor => {
  const size = shape.reduce((product, n) => product * n, 1);
  return tensor(
    Float32Array.from({ length: size }, () => Math.random() - 0.5),
    shape,
  );
};

/** Runs `work`, waits for the GPU, frees what was made. */
function once(work: () => void): () => Promise<void> {
  return async () => {
    scope(() => {
      work();
    });
    await defaultDevice().recorder.finish();
  };
}

function filterGradient(x: Tensor, dy: Tensor, w: readonly number[]): () => Promise<void> {
  const g = conv2dGeometry('bench', x.shape, w, { padding: 'same' });
  return once(() => convGradFilter('bench', x, dy, empty(w), g));
}

function inputGradient(x: readonly number[], w: Tensor, dy: Tensor): () => Promise<void> {
  const g = conv2dGeometry('bench', x, w.shape, { padding: 'same' });
  return once(() => convGradInput('bench', dy, w, empty(x), g));
}

/** fovea itself. */
export const fovea: Library = {
  name: 'fovea',
  prepare() {
    const [a, b] = [random(1024, 1024), random(1024, 1024)];
    const [x, w, dy] = [random(1, 56, 56, 128), random(3, 3, 128, 128), random(1, 56, 56, 128)];
    const [sx, sdy] = [random(32, 32, 32, 32), random(32, 32, 32, 32)];
    const net = cifar10Net({ seed: 1 });
    net.compile({ optimizer: 'rmsprop', loss: 'categoricalCrossentropy' });
    const images = random(32, 32, 32, 3);
    const labels = tensor(
      Float32Array.from({ length: 320 }, (_, i) => Number(i % 10 === Math.floor(i / 10) % 10)),
      [32, 10],
    );
    return Promise.resolve({
      'matmul 1024': once(() => matmul(a, b)),
      'conv 3x3 (1,56,56,128)->128': once(() => conv2d(x, w, { padding: 'same' })),
      'conv 3x3 input gradient': inputGradient(x.shape, w, dy),
      'conv 3x3 filter gradient': filterGradient(x, dy, w.shape),
      'conv 3x3 (32,32,32,32)->32 filter gradient': filterGradient(sx, sdy, [3, 3, 32, 32]),
      'CIFAR-10 net, training step, batch 32': async () => {
        await net.fit(images, labels, { epochs: 1, batchSize: 32, shuffle: false, verbose: 0 });
      },
      'CIFAR-10 net, inference, batch 32': async () => {
        (await net.predict(images, { batchSize: 32 })).dispose();
        await defaultDevice().recorder.finish();
      },
    });
  },
};
