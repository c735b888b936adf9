import { matmul } from '../../src/ops/index.js';
import { arithmetic, type OpRow } from '../row.js';

const product = (m: number, k: number, n: number, which: Pick<OpRow, 'set'> = {}): OpRow =>
  arithmetic(
    {
      ...which,
      name: m === k && k === n ? `matmul ${m}` : `matmul (${m},${k})x(${k},${n})`,
      op: 'matmul',
      inputs: { a: [m, k], b: [k, n] },
      result: 'plain',
      resultShape: [m, n],
      ours:
        ({ a, b }) =>
        () =>
          matmul(a!, b!),
    },
    m * k * n,
  );

export const matmulRows = [
  product(1024, 1024, 1024),
  product(32, 4096, 512),
  product(4096, 4096, 4096, { set: 'gpu' }),
];
