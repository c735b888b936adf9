import { defaultDevice } from '../src/gpu/init.js';
import { cifar10Net } from '../src/models/cifar10.js';
import { conv2dGeometry } from '../src/ops/conv2d.js';
import { convGradFilter, convGradInput } from '../src/ops/gemm.js';
import {
  batchNorm,
  conv2d,
  depthwiseConv2d,
  matmul,
  maxPool2d,
  softmax,
} from '../src/ops/index.js';
import { scope } from '../src/scope.js';
import { empty, requireGrad, tensor, type Tensor } from '../src/tensor.js';
import type { Library } from './rows.js';

type Work = () => Promise<void>;
type Works = Readonly<Record<string, Work>>;

const random = (...shape: number[]): Tensor => {
  const size = shape.reduce((product, n) => product * n, 1);
  return tensor(
    Float32Array.from({ length: size }, () => Math.random() - 0.5),
    shape,
  );
};

/** Runs `work`, waits for the GPU, frees what was made. */
function once(work: () => void): Work {
  return async () => {
    scope(() => {
      work();
    });
    await defaultDevice().recorder.finish();
  };
}

/** An operation and the gradients of all its operands. */
function bothWays(op: (...x: Tensor[]) => Tensor, operands: Tensor[], dy: Tensor): Work {
  return once(() => op(...operands.map((x) => requireGrad(x.detach()))).backward(dy));
}

function filterGradient(x: Tensor, dy: Tensor, w: readonly number[], groups = 1): Work {
  const g = conv2dGeometry('bench', x.shape, w, { padding: 'same', groups });
  return once(() => convGradFilter('bench', x, dy, empty(w), g));
}

function inputGradient(x: readonly number[], w: Tensor, dy: Tensor, groups = 1): Work {
  const g = conv2dGeometry('bench', x, w.shape, { padding: 'same', groups });
  return once(() => convGradInput('bench', dy, w, empty(x), g));
}

function products(): Works {
  const [a, b] = [random(1024, 1024), random(1024, 1024)];
  const [x, w, dy] = [random(1, 56, 56, 128), random(3, 3, 128, 128), random(1, 56, 56, 128)];
  const [sx, sdy] = [random(32, 32, 32, 32), random(32, 32, 32, 32)];
  const [deep, pointwise] = [random(1, 56, 56, 256), random(1, 1, 256, 128)];
  return {
    'matmul 1024': once(() => matmul(a, b)),
    'conv 3x3 (1,56,56,128)->128': once(() => conv2d(x, w, { padding: 'same' })),
    'conv 3x3 input gradient': inputGradient(x.shape, w, dy),
    'conv 3x3 filter gradient': filterGradient(x, dy, w.shape),
    'conv 3x3 (32,32,32,32)->32 filter gradient': filterGradient(sx, sdy, [3, 3, 32, 32]),
    'conv 1x1 (1,56,56,256)->128': once(() => conv2d(deep, pointwise)),
    'conv 3x3 stride 2 (1,56,56,128)->128': once(() =>
      conv2d(x, w, { padding: 'same', strides: 2 }),
    ),
  };
}

function memoryBound(): Works {
  const [x, dy, half] = [random(8, 56, 56, 144), random(8, 56, 56, 144), random(8, 28, 28, 144)];
  const [w, gamma, beta] = [random(3, 3, 144, 1), random(144), random(144)];
  const filters = random(3, 3, 1, 144);
  const scores = random(1024, 1000);
  return {
    'depthwise 3x3 (8,56,56,144)': once(() => depthwiseConv2d(x, w, { padding: 'same' })),
    'depthwise 3x3 input gradient': inputGradient(x.shape, filters, dy, 144),
    'depthwise 3x3 filter gradient': filterGradient(x, dy, filters.shape, 144),
    'max pool 2x2 (8,56,56,144), forward and backward': bothWays((a) => maxPool2d(a), [x], half),
    'batch norm (8,56,56,144), forward and backward': bothWays(
      (a, g, b) => batchNorm(a, g, b).y,
      [x, gamma, beta],
      dy,
    ),
    'softmax (1024,1000)': once(() => softmax(scores)),
  };
}

function network(): Works {
  const net = cifar10Net({ seed: 1 });
  net.compile({ optimizer: 'rmsprop', loss: 'categoricalCrossentropy' });
  const images = random(32, 32, 32, 3);
  const labels = tensor(
    Float32Array.from({ length: 320 }, (_, i) => Number(i % 10 === Math.floor(i / 10) % 10)),
    [32, 10],
  );
  return {
    'CIFAR-10 net, training step, batch 32': async () => {
      await net.fit(images, labels, { epochs: 1, batchSize: 32, shuffle: false, verbose: 0 });
    },
    'CIFAR-10 net, inference, batch 32': async () => {
      (await net.predict(images, { batchSize: 32 })).dispose();
      await defaultDevice().recorder.finish();
    },
  };
}

/** fovea itself. */
export const fovea: Library = {
  name: 'fovea',
  prepare: () => Promise.resolve({ ...products(), ...memoryBound(), ...network() }),
};
