import { maxPool2d } from '../../src/ops/index.js';
import { sizeOf } from '../../src/shape.js';
import { memory, bothWays, type OpRow } from '../row.js';

function rowsOf(pictures: number, which: Pick<OpRow, 'set'> = {}): readonly OpRow[] {
  const x = [pictures, 56, 56, 144];
  const y = [pictures, 28, 28, 144];
  const name = `max pool 2x2 (${x.join()})`;
  return [
    memory(
      {
        ...{ ...which, name, op: 'maxPool2d', inputs: { x } },
        ...{ result: 'picture', resultShape: y },
        ours:
          ({ x }) =>
          () =>
            maxPool2d(x!),
      },
      sizeOf(x) * 1.25,
    ),
    // Forward x and y; backward x, y, dy and dx.
    memory(
      {
        ...{ ...which, name: `${name}, forward and backward`, op: 'maxPool2dBothWays' },
        ...{ inputs: { x, dy: y }, result: 'picture', resultShape: x },
        ours: ({ x, dy }) => bothWays((a) => maxPool2d(a), [x!], dy!),
      },
      sizeOf(x) * 3.75,
    ),
  ];
}

export const poolingRows = [...rowsOf(8), ...rowsOf(64, { set: 'gpu' })];
