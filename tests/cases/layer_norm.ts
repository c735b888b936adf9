import { layerNorm } from '../../src/ops/index.js';
import { random, type Range } from '../reference/array.js';
import { layerNorm as reference, type LayerNormOptions } from '../reference/layer_norm.js';
import { dims, seedOf, tolerances, type OpCase, type OpFamily } from './case.js';

type Shape = readonly number[];

function layerCase(shape: Shape, options: LayerNormOptions, range: Range = {}): OpCase {
  const { axes = 1, epsilon = 1e-3 } = options;
  const name = `${dims(shape)} axes ${axes} epsilon ${epsilon}`;
  const seed = seedOf(name);
  const scales = shape.slice(-axes);
  return {
    name,
    inputs: [
      random(shape, seed, range),
      random(scales, seed + 1, { lo: 0.5, hi: 1.5 }),
      random(scales, seed + 2),
    ],
    gpu: ([x, gamma, beta]) => layerNorm(x!, gamma!, beta!, options),
    forward: ([x, gamma, beta]) => reference(x!, gamma!, beta!, options),
    differentiable: [true, true, true],
  };
}

/** Standard deviation 1, mean 100. */
const farOff: Range = { lo: 100 - Math.sqrt(3), hi: 100 + Math.sqrt(3) };

export const layerNormFamilies: readonly OpFamily[] = [
  {
    op: 'layerNorm',
    cases: [
      layerCase([2, 3, 5, 8], {}),
      layerCase([3, 4, 17], {}),
      layerCase([130, 3], { epsilon: 1e-5 }),
      layerCase([7], {}),
      layerCase([2, 1200], {}),
      layerCase([2, 3, 4, 5], { axes: 3 }),
      layerCase([3, 2, 4, 6], { axes: 2, epsilon: 1e-6 }),
      layerCase([2, 3, 3], { axes: 3 }),
    ],
    tolerance: tolerances.transcendental,
  },
  {
    op: 'layerNorm, mean 100 deviation 1',
    cases: [
      layerCase([5, 33], {}, farOff),
      layerCase([9, 64], {}, farOff),
      layerCase([2, 16, 16, 4], { axes: 3 }, farOff),
    ],
    // A float32 near 100 is itself only known to 4e-6, in units of the deviation.
    tolerance: { forward: { l2: 2e-5, max: 1e-4 }, backward: { l2: 2e-5, max: 1e-4 } },
  },
];
