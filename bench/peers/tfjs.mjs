// TensorFlow.js: on WebGPU, through the same Dawn binding and adapter as fovea; and as SIMD wasm.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
let tf, tfl;

export async function libraries() {
  // The backend looks for navigator.gpu when it is loaded.
  tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-webgpu');
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  tfl = await import('@tensorflow/tfjs-layers');
  wasm.setWasmPaths(`${join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')))}/`);
  const { version_core: version } = tf;
  return [
    { name: `tfjs-webgpu ${version}`, place: 'gpu', prepare: (task) => prepare('webgpu', task) },
    { name: `tfjs-wasm ${version}`, place: 'cpu', prepare: (task) => prepare('wasm', task) },
  ];
}

const SAME = { pad: 'same', dataFormat: 'NHWC', dimRoundingMode: undefined };
const kernel = (name, inputs, attributes) =>
  tf.engine().runKernel(name, inputs, { ...SAME, ...attributes });

/** Each takes the inputs of a row and its options. */
const operations = {
  matmul: ({ a, b }) => tf.matMul(a, b),
  conv2d: ({ x, filter }, { strides }) => tf.conv2d(x, filter, strides, 'same'),
  conv2dInputGradient: ({ dy, filter }, { strides }, inputShape) =>
    kernel('Conv2DBackpropInput', { dy, filter }, { strides, inputShape }),
  conv2dFilterGradient: ({ x, dy }, { strides }, filterShape) =>
    kernel('Conv2DBackpropFilter', { x, dy }, { strides, filterShape }),
  depthwiseConv2d: ({ x, depthwise }, { strides }) =>
    tf.depthwiseConv2d(x, depthwise, strides, 'same'),
  depthwiseInputGradient: ({ dy, depthwise: filter }, { strides }, inputShape) =>
    kernel(
      'DepthwiseConv2dNativeBackpropInput',
      { dy, filter },
      { strides, dilations: 1, inputShape },
    ),
  depthwiseFilterGradient: ({ x, dy }, { strides }, filterShape) =>
    kernel(
      'DepthwiseConv2dNativeBackpropFilter',
      { x, dy },
      { strides, dilations: 1, filterShape },
    ),
  maxPool2d: ({ x }) => tf.maxPool(x, 2, 2, 'valid'),
  maxPool2dBothWays: ({ x, dy }) => tf.grad((a) => tf.maxPool(a, 2, 2, 'valid'))(x, dy),
  batchNormBothWays: ({ x, gamma, beta, dy }) =>
    tf.grads((a, g, b) => {
      const { mean, variance } = tf.moments(a, [0, 1, 2]);
      return tf.batchNorm(a, mean, variance, b, g, 1e-3);
    })([x, gamma, beta], dy),
  softmax: ({ x }) => tf.softmax(x),
  meanOfRows: ({ x }) => tf.mean(x, -1),
  add: ({ x, y }) => tf.add(x, y),
  relu: ({ x }) => tf.relu(x),
};

async function prepare(backend, task) {
  await tf.setBackend(backend);
  const { row } = task;
  const inputs = Object.fromEntries(
    Object.entries(task.inputs).map(([name, { data, shape }]) => [name, tf.tensor(data, shape)]),
  );
  if (row.op === 'predict') {
    const net = await network(task);
    return prepared(
      backend,
      inputs,
      () => net.predictOnBatch(inputs.x),
      () => net.dispose(),
    );
  }
  if (row.op === 'trainStep') return training(backend, task, inputs);
  if (row.op === 'adamStep') return adam(backend, inputs);
  const operation = operations[row.op];
  if (!operation) return 'not written for this library';
  return prepared(backend, inputs, () => operation(inputs, row.options, row.resultShape));
}

/** `make` gives the result, alone or first of a list. */
function prepared(backend, inputs, make, dispose = () => undefined) {
  let last = [];
  return {
    start: async () => {
      await tf.setBackend(backend);
      tf.dispose(last);
      last = [tf.tidy(make)].flat();
    },
    finish: () => finish(backend),
    result: () => last[0].data(),
    dispose: () => {
      tf.dispose([last, inputs]);
      dispose();
    },
  };
}

async function finish(backend) {
  if (backend !== 'webgpu') return;
  const gpu = tf.backend();
  gpu.endComputePassEncoder();
  if (gpu.commandEncoder) gpu.submitQueue();
  await gpu.device.queue.onSubmittedWorkDone();
}

function adam(backend, { w, g }) {
  const weight = tf.variable(w);
  // fovea's epsilon counts before the correction of the bias, this one after it: equal in the first step.
  const optimizer = tf.train.adam(0.01, 0.9, 0.999, 1e-7 / Math.sqrt(1 - 0.999));
  return {
    start: async () => {
      await tf.setBackend(backend);
      optimizer.applyGradients([{ name: weight.name, tensor: g }]);
    },
    finish: () => finish(backend),
    result: () => weight.data(),
    dispose: () => {
      optimizer.dispose();
      tf.dispose([weight, w, g]);
    },
  };
}

async function training(backend, task, inputs) {
  const net = await network(task);
  net.compile({
    optimizer: tf.train.rmsprop(0.001, 0.9, 0, 1e-7),
    loss: 'categoricalCrossentropy',
  });
  const labels = tf.tensor(task.labels, [inputs.x.shape[0], 10]);
  let loss;
  return {
    start: async () => {
      await tf.setBackend(backend);
      loss = await net.trainOnBatch(inputs.x, labels);
    },
    finish: () => finish(backend),
    result: async () => Float32Array.of(loss),
    dispose: () => {
      net.dispose();
      tf.dispose([inputs, labels]);
    },
  };
}

/** The layers and weights of our model. */
async function network(task) {
  const { inputShape, layers } = await task.network();
  const input = tfl.input({ shape: inputShape });
  const values = new Map();
  for (const { className, name, config, inputs, weights } of layers) {
    const from = inputs.map((each) => values.get(each) ?? input);
    const layer =
      tfl.layers[className.replace(/^[A-Z]/, (c) => c.toLowerCase()).replace('2D', '2d')](config);
    values.set(name, layer.apply(from.length === 1 ? from[0] : from));
    tf.tidy(() => layer.setWeights(weights.map(({ data, shape }) => tf.tensor(data, shape))));
  }
  return tfl.model({ inputs: input, outputs: [...values.values()].at(-1) });
}
