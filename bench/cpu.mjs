// Micro-benchmarks of what runs on the CPU at every call: `npm run bench:cpu`.
import Benchmark from 'benchmark';
import { expand } from '../dist/gpu/template.js';
import { readSafetensors, writeSafetensors } from '../dist/io/formats/safetensors.js';
import { conv2dGeometry } from '../dist/ops/conv2d.js';
import { Random } from '../dist/random.js';
import { shaderSources } from '../dist/shaders/embedded.js';
import { broadcastShape } from '../dist/shape.js';

const flags = { S: 8, G: 2, NT: 32, T: 'vec4f', VEC: true, GRAD: false };
const tensors = new Map(
  Array.from({ length: 100 }, (_, i) => [
    `layer${i}/kernel`,
    { dtype: 'float32', shape: [3, 3, 8, 8], data: new Float32Array(576) },
  ]),
);
const file = writeSafetensors(tensors);
const random = new Random(1);

new Benchmark.Suite()
  .add('geometry of a convolution', () =>
    conv2dGeometry('conv2d', [32, 56, 56, 128], [3, 3, 128, 128], { padding: 'same' }),
  )
  .add('shape of a broadcast', () => broadcastShape('add', [32, 56, 56, 128], [128]))
  .add('expansion of gemm_lanes.wgsl', () => expand(shaderSources, 'gemm_lanes', flags))
  .add('reading 100 tensors from safetensors', () => readSafetensors(file))
  .add('a random number', () => random.uniform())
  .on('cycle', ({ target }) => console.log(String(target)))
  .run();
