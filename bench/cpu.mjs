// Micro-benchmarks of what runs on the CPU, at every call or once per kernel or file: `npm run bench:cpu`.
import Benchmark from 'benchmark';
import { reflect } from '../dist/gpu/reflect.js';
import { expand } from '../dist/gpu/template.js';
import { readNpz, writeNpz } from '../dist/io/formats/npy.js';
import { readSafetensors, writeSafetensors } from '../dist/io/formats/safetensors.js';
import { encodeOnnx } from '../dist/io/onnx/proto.js';
import { conv2dGeometry } from '../dist/ops/conv2d.js';
import { Random } from '../dist/random.js';
import { shaderSources } from '../dist/shaders/embedded.js';
import { broadcastShape, stridesOf } from '../dist/shape.js';

const flags = { S: 8, G: 2, NT: 32, T: 'vec4f', VEC: true, GRAD: false };
const tensors = new Map(
  Array.from({ length: 100 }, (_, i) => [
    `layer${i}/kernel`,
    { dtype: 'float32', shape: [3, 3, 8, 8], data: new Float32Array(576) },
  ]),
);
const safetensors = writeSafetensors(tensors);
const npz = writeNpz(tensors);
const wgsl = expand(shaderSources, 'gemm_lanes', flags);
const onnx = {
  ...{ name: 'weights', nodes: [], inputs: [], outputs: [] },
  initializers: [...tensors].map(([name, array]) => ({ name, array })),
};
const random = new Random(1);

new Benchmark.Suite()
  .add('shapes: geometry of a convolution', () =>
    conv2dGeometry('conv2d', [32, 56, 56, 128], [3, 3, 128, 128], { padding: 'same' }),
  )
  .add('shapes: broadcast', () => broadcastShape('add', [32, 56, 56, 128], [128]))
  .add('shapes: strides', () => stridesOf([32, 56, 56, 128]))
  .add('templates: expansion of gemm_lanes.wgsl', () => expand(shaderSources, 'gemm_lanes', flags))
  .add('templates: bindings of gemm_lanes.wgsl', () => reflect(wgsl))
  .add('files: reading 100 tensors from safetensors', () => readSafetensors(safetensors))
  .add('files: reading 100 tensors from .npz', () => readNpz(npz))
  .add('files: writing 100 tensors as ONNX', () => encodeOnnx(onnx))
  .add('random: a number', () => random.uniform())
  .on('cycle', ({ target }) => console.log(String(target)))
  .on('error', ({ target }) => {
    console.error(`${target.name}: ${target.error}`);
    process.exitCode = 1;
  })
  .run();
