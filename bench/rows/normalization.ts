import { batchNorm } from '../../src/ops/index.js';
import { sizeOf } from '../../src/shape.js';
import { memory, bothWays, type OpRow } from '../row.js';

function bothWaysOf(pictures: number, which: Pick<OpRow, 'set'> = {}): OpRow {
  const x = [pictures, 56, 56, 144];
  // Forward x and y; backward x, dy and dx.
  return memory(
    {
      ...which,
      name: `batch norm (${x.join()}), forward and backward`,
      op: 'batchNormBothWays',
      inputs: { x, gamma: [144], beta: [144], dy: x },
      result: 'picture',
      resultShape: x,
      ours: ({ x, gamma, beta, dy }) =>
        bothWays((a, b, c) => batchNorm(a, b, c).y, [x!, gamma!, beta!], dy!),
    },
    5 * sizeOf(x),
  );
}

export const normalizationRows = [bothWaysOf(8), bothWaysOf(64, { set: 'gpu' })];
