import { describe, expect, it } from 'vitest';
import { TILES } from '../../src/ops/tiles.js';
import { convFamilies } from '../cases/conv.js';
import { testFamilies } from '../harness.js';

/** Vectors and single values, remainders in every dimension, sums to be split, phases of a stride. */
const CASES = [
  'k3x3 s1 same d1 g1 n1 13x11 c32->40 bias',
  'k5x5 s1 same d2 g1 n2 9x10 c17->33',
  'k4x4 s2 same n1 8x8 c32->16',
];
const families = convFamilies
  .map((family) => ({ ...family, cases: family.cases.filter(({ name }) => CASES.includes(name)) }))
  .filter(({ cases }) => cases.length > 0);

it('the cases are there', () => {
  expect(families.flatMap(({ cases }) => cases)).toHaveLength(CASES.length);
});

describe.each(TILES)('tiles of $rows x $columns by $each', ({ rows, columns, each }) => {
  testFamilies(families, 'simt', `${rows}x${columns} by ${each}`);
});
