import { softmax } from '../../src/ops/index.js';
import { memory } from '../row.js';

export const softmaxRows = [
  memory(
    {
      ...{ name: 'softmax (1024,1000)', op: 'softmax', inputs: { x: [1024, 1000] } },
      ...{ result: 'plain', resultShape: [1024, 1000] },
      ours:
        ({ x }) =>
        () =>
          softmax(x!),
    },
    2 * 1024 * 1000,
  ),
];
