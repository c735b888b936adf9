// TensorFlow.js on its WebGPU backend, through the same Dawn binding and adapter as fovea.

let tf, tfl;

export const name = 'tfjs-webgpu 4.22';

/** @param {GPU} gpu the instance that fovea has opened */
export async function prepare(gpu) {
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu, userAgent: 'node', platform: process.platform },
    configurable: true,
    writable: true,
  });
  // The backend looks for navigator.gpu when it is loaded.
  tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-webgpu');
  tfl = await import('@tensorflow/tfjs-layers');
  await tf.setBackend('webgpu');
  const random = (...shape) => tf.randomUniform(shape, -0.5, 0.5);
  const [a, b] = [random(1024, 1024), random(1024, 1024)];
  const [x, w, dy] = [random(1, 56, 56, 128), random(3, 3, 128, 128), random(1, 56, 56, 128)];
  const [sx, sdy] = [random(32, 32, 32, 32), random(32, 32, 32, 32)];
  const attributes = { strides: 1, pad: 'same', dataFormat: 'NHWC', dimRoundingMode: undefined };
  const kernel = (kernelName, inputs, extra) => () =>
    tf.engine().runKernel(kernelName, inputs, { ...attributes, ...extra });
  const deep = random(1, 56, 56, 256);
  const pointwise = random(1, 1, 256, 128);
  const net = cifar();
  const images = random(32, 32, 32, 3);
  const labels = tf.oneHot(
    tf.tensor1d(
      Int32Array.from({ length: 32 }, (_, i) => i % 10),
      'int32',
    ),
    10,
  );
  return {
    'matmul 1024': once(() => tf.matMul(a, b)),
    'conv 3x3 (1,56,56,128)->128': once(() => tf.conv2d(x, w, 1, 'same')),
    'conv 3x3 input gradient': once(
      kernel('Conv2DBackpropInput', { dy, filter: w }, { inputShape: x.shape }),
    ),
    'conv 3x3 filter gradient': once(
      kernel('Conv2DBackpropFilter', { x, dy }, { filterShape: w.shape }),
    ),
    'conv 3x3 (32,32,32,32)->32 filter gradient': once(
      kernel('Conv2DBackpropFilter', { x: sx, dy: sdy }, { filterShape: [3, 3, 32, 32] }),
    ),
    'conv 1x1 (1,56,56,256)->128': once(() => tf.conv2d(deep, pointwise, 1, 'valid')),
    'conv 3x3 stride 2 (1,56,56,128)->128': once(() => tf.conv2d(x, w, 2, 'same')),
    ...memoryBound(random, kernel),
    'CIFAR-10 net, training step, batch 32': async () => {
      await net.trainOnBatch(images, labels);
    },
    'CIFAR-10 net, inference, batch 32': once(() => net.predictOnBatch(images)),
  };
}

function memoryBound(random, kernel) {
  const [x, dy, half] = [random(8, 56, 56, 144), random(8, 56, 56, 144), random(8, 28, 28, 144)];
  const [w, gamma, beta] = [random(3, 3, 144, 1), random(144), random(144)];
  const scores = random(1024, 1000);
  const depthwise = (name, inputs, extra) =>
    once(kernel(`DepthwiseConv2dNativeBackprop${name}`, inputs, { dilations: 1, ...extra }));
  const pool = tf.grad((a) => tf.maxPool(a, 2, 2, 'valid'));
  const norm = tf.grads((a, g, b) => {
    const { mean, variance } = tf.moments(a, [0, 1, 2]);
    return tf.batchNorm(a, mean, variance, b, g, 1e-3);
  });
  return {
    'depthwise 3x3 (8,56,56,144)': once(() => tf.depthwiseConv2d(x, w, 1, 'same')),
    'depthwise 3x3 input gradient': depthwise('Input', { dy, filter: w }, { inputShape: x.shape }),
    'depthwise 3x3 filter gradient': depthwise('Filter', { x, dy }, { filterShape: w.shape }),
    'max pool 2x2 (8,56,56,144), forward and backward': once(() => pool(x, half)),
    'batch norm (8,56,56,144), forward and backward': once(() => norm([x, gamma, beta], dy)),
    'softmax (1024,1000)': once(() => tf.softmax(scores)),
  };
}

/** Runs `make`, waits for the GPU, frees what it gives. */
function once(make) {
  return async () => {
    const result = tf.tidy(make);
    const backend = tf.backend();
    backend.endComputePassEncoder();
    backend.submitQueue();
    await backend.device.queue.onSubmittedWorkDone();
    tf.dispose(result);
  };
}

function cifar() {
  const conv = (filters, more = {}) =>
    tfl.layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu', ...more });
  const block = (filters, more) => [
    conv(filters, more),
    conv(filters),
    tfl.layers.maxPooling2d({ poolSize: 2 }),
    tfl.layers.dropout({ rate: 0.25 }),
  ];
  const net = tfl.sequential({
    layers: [
      ...block(32, { inputShape: [32, 32, 3] }),
      ...block(64),
      ...block(64),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 512, activation: 'relu' }),
      tfl.layers.dropout({ rate: 0.5 }),
      tfl.layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });
  net.compile({ optimizer: tf.train.rmsprop(0.001), loss: 'categoricalCrossentropy' });
  return net;
}
