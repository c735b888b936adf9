import { add, relu } from '../../src/ops/index.js';
import { sizeOf } from '../../src/shape.js';
import { memory, type OpRow } from '../row.js';

function rowsOf(pictures: number, which: Pick<OpRow, 'set'> = {}): readonly OpRow[] {
  const x = [pictures, 56, 56, 144];
  return [
    memory(
      {
        ...{ ...which, name: `add (${x.join()})`, op: 'add', inputs: { x, y: x } },
        ...{ result: 'picture', resultShape: x },
        ours:
          ({ x, y }) =>
          () =>
            add(x!, y!),
      },
      3 * sizeOf(x),
    ),
    memory(
      {
        ...{ ...which, name: `relu (${x.join()})`, op: 'relu', inputs: { x } },
        ...{ result: 'picture', resultShape: x },
        ours:
          ({ x }) =>
          () =>
            relu(x!),
      },
      2 * sizeOf(x),
    ),
  ];
}

export const elementwiseRows = [...rowsOf(8), ...rowsOf(64, { set: 'gpu' })];
