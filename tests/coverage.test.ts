import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as ops from '../src/ops/index.js';
import { families } from './cases/index.js';
import { coverageRows, coverageTable } from './coverage.js';

/** Makers of constants: nothing to compare, nothing to differentiate. And kernels of one's own. */
const makers = ['fill', 'ones', 'zeros', 'cast', 'runWgsl'];

describe('coverage of the operations', () => {
  const rows = coverageRows(families);

  it('has a row for every public operation', () => {
    const covered = new Set(rows.map(({ op }) => op));
    const missing = Object.keys(ops).filter((op) => !covered.has(op) && !makers.includes(op));
    expect(missing).toEqual([]);
  });

  it('has no hole: what has a gradient is tested with one', () => {
    const without = ['argmax', 'equal', 'greater', 'greaterEqual', 'less', 'oneHot', 'sign'];
    expect(rows.filter((r) => r.gradients === 0 && !without.includes(r.op))).toEqual([]);
  });

  it('is what docs/ops.md says', () => {
    const page = readFileSync(new URL('../docs/ops.md', import.meta.url), 'utf8');
    expect(page, 'run "npm run docs"').toContain(coverageTable(rows));
  });
});
