import { maxPool2d } from '../../src/ops/index.js';
import { memory, bothWays } from '../row.js';

const x = [8, 56, 56, 144];
const values = 8 * 56 * 56 * 144;

export const poolingRows = [
  memory(
    {
      ...{ name: `max pool 2x2 (${x.join()})`, op: 'maxPool2d', inputs: { x } },
      ...{ result: 'picture', resultShape: [8, 28, 28, 144] },
      ours:
        ({ x }) =>
        () =>
          maxPool2d(x!),
    },
    values * 1.25,
  ),
  // Forward x and y; backward x, y, dy and dx.
  memory(
    {
      name: 'max pool 2x2, forward and backward',
      op: 'maxPool2dBothWays',
      inputs: { x, dy: [8, 28, 28, 144] },
      result: 'picture',
      resultShape: x,
      ours: ({ x, dy }) => bothWays((a) => maxPool2d(a), [x!], dy!),
    },
    values * 3.75,
  ),
];
