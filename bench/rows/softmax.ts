import { softmax } from '../../src/ops/index.js';
import { memory, type OpRow } from '../row.js';

function softmaxOf(rows: number, which: Pick<OpRow, 'set'> = {}): OpRow {
  const x = [rows, 1000];
  return memory(
    {
      ...{ ...which, name: `softmax (${x.join()})`, op: 'softmax', inputs: { x } },
      ...{ result: 'plain', resultShape: x },
      ours:
        ({ x }) =>
        () =>
          softmax(x!),
    },
    2 * rows * 1000,
  );
}

export const softmaxRows = [softmaxOf(1024), softmaxOf(65_536, { set: 'gpu' })];
