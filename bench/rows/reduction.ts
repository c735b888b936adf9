import { mean } from '../../src/ops/index.js';
import { memory, type OpRow } from '../row.js';

/** The mean over channels of so many pictures. */
function meanOf(pictures: number, which: Pick<OpRow, 'set'> = {}): OpRow {
  const rows = pictures * 56 * 56;
  return memory(
    {
      ...{ ...which, name: `mean of rows (${rows},144)`, op: 'meanOfRows' },
      ...{ inputs: { x: [rows, 144] }, result: 'plain', resultShape: [rows] },
      ours:
        ({ x }) =>
        () =>
          mean(x!, { axis: -1 }),
    },
    rows * 145,
  );
}

export const reductionRows = [meanOf(8), meanOf(64, { set: 'gpu' })];
