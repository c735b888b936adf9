import { batchNorm } from '../../src/ops/index.js';
import { memory, bothWays } from '../row.js';

const x = [8, 56, 56, 144];

export const normalizationRows = [
  // Forward x and y; backward x, dy and dx.
  memory(
    {
      name: `batch norm (${x.join()}), forward and backward`,
      op: 'batchNormBothWays',
      inputs: { x, gamma: [144], beta: [144], dy: x },
      result: 'picture',
      resultShape: x,
      ours: ({ x, gamma, beta, dy }) =>
        bothWays((a, b, c) => batchNorm(a, b, c).y, [x!, gamma!, beta!], dy!),
    },
    5 * 8 * 56 * 56 * 144,
  ),
];
