// onnxruntime-web on WebGPU (through the same Dawn binding and adapter as fovea) and as two-thread
// SIMD wasm, and onnxruntime-node on the CPU.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { channelsFirst, channelsLast, layoutOf } from './layout.mjs';

const THREADS = 2;
const require = createRequire(import.meta.url);

export async function libraries() {
  const { version } = require('onnxruntime-node/package.json');
  return [
    { name: `onnxruntime-web webgpu ${version}`, place: 'gpu', prepare: onGpu },
    { name: `onnxruntime-web wasm ${version}`, place: 'cpu', prepare: onWasm },
    { name: `onnxruntime-node cpu ${version}`, place: 'cpu', prepare: onCpu },
  ];
}

async function onWasm(task) {
  const ort = await import('onnxruntime-web');
  ort.env.wasm.numThreads = THREADS;
  ort.env.logLevel = 'error';
  return onHost(ort, task, { executionProviders: ['wasm'] });
}

async function onCpu(task) {
  const ort = await import('onnxruntime-node');
  return onHost(ort, task, { executionProviders: ['cpu'], intraOpNumThreads: THREADS });
}

/** Inputs and results are in the memory of the CPU. */
async function onHost(ort, task, options) {
  const session = await open(ort, task, true, options);
  if (typeof session === 'string') return session;
  const { row } = task;
  const feeds = {};
  for (const name of session.inputNames) {
    const array = inputOf(task, name);
    // Networks take their pictures as they are.
    const { data, shape } =
      'options' in row ? channelsFirst(layoutOf(name, array.shape), array) : array;
    feeds[name] = new ort.Tensor('float32', data, shape);
  }
  const [output] = session.outputNames;
  let last;
  return {
    start: async () => {
      last = (await session.run(feeds))[output];
    },
    finish: async () => undefined,
    result: async () =>
      'options' in row ? channelsLast(row.result, last.data, row.resultShape) : last.data,
    dispose: () => session.release(),
  };
}

let gpu;

/** The browser's build, in Node: its wasm file is read here, and writes of shared memory are copied. */
async function openGpu() {
  const dist = pathToFileURL(require.resolve('onnxruntime-web/webgpu'));
  const name = 'ort-wasm-simd-threaded.asyncify';
  const ort = await import('onnxruntime-web/webgpu');
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { mjs: new URL(`${name}.mjs`, dist).href };
  ort.env.wasm.wasmBinary = await readFile(new URL(`${name}.wasm`, dist));
  const queue = globalThis.GPUQueue.prototype;
  const { writeBuffer } = queue;
  queue.writeBuffer = function (buffer, offset, data, ...range) {
    const source = data.buffer instanceof SharedArrayBuffer ? data.slice() : data;
    return writeBuffer.call(this, buffer, offset, source, ...range);
  };
  return ort;
}

/** Inputs and results stay on the GPU. */
async function onGpu(task) {
  const ort = await (gpu ??= openGpu());
  const session = await open(ort, task, false, {
    executionProviders: [{ name: 'webgpu', preferredLayout: 'NHWC' }],
    preferredOutputLocation: 'gpu-buffer',
  });
  if (typeof session === 'string') return session;
  const device = await ort.env.webgpu.device;
  const feeds = {};
  for (const name of session.inputNames) {
    feeds[name] = upload(ort, device, inputOf(task, name));
  }
  const [output] = session.outputNames;
  let last;
  return {
    start: async () => {
      last?.dispose();
      last = (await session.run(feeds))[output];
    },
    finish: () => device.queue.onSubmittedWorkDone(),
    result: async () => last.getData(),
    dispose: async () => {
      last?.dispose();
      for (const feed of Object.values(feeds)) feed.gpuBuffer.destroy();
      await session.release();
    },
  };
}

function upload(ort, device, { data, shape }) {
  const { STORAGE, COPY_DST, COPY_SRC } = globalThis.GPUBufferUsage;
  const size = Math.ceil(data.byteLength / 16) * 16;
  const buffer = device.createBuffer({ size, usage: STORAGE | COPY_DST | COPY_SRC });
  device.queue.writeBuffer(buffer, 0, data);
  return ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: shape });
}

async function open(ort, task, first, options) {
  const model = await task.onnx(first);
  if (!model) return 'inference only: no such operation in ONNX';
  return ort.InferenceSession.create(model, {
    ...options,
    graphOptimizationLevel: 'all',
    freeDimensionOverrides: { batch: Object.values(task.inputs)[0].shape[0] },
  });
}

/** The only input of a network has the name of its layer. */
function inputOf({ inputs }, name) {
  return inputs[name] ?? inputs.x;
}
