import { add, relu } from '../../src/ops/index.js';
import { memory, type OpRow } from '../row.js';

const x = [8, 56, 56, 144];
const values = 8 * 56 * 56 * 144;

export const elementwiseRows: readonly OpRow[] = [
  memory(
    {
      ...{ name: `add (${x.join()})`, op: 'add', inputs: { x, y: x } },
      ...{ result: 'picture', resultShape: x },
      ours:
        ({ x, y }) =>
        () =>
          add(x!, y!),
    },
    3 * values,
  ),
  memory(
    {
      ...{ name: `relu (${x.join()})`, op: 'relu', inputs: { x } },
      ...{ result: 'picture', resultShape: x },
      ours:
        ({ x }) =>
        () =>
          relu(x!),
    },
    2 * values,
  ),
];
