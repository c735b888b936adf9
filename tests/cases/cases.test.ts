import { describe, expect, test } from 'vitest';
import { directionCheck } from '../reference/gradient.js';
import { referenceGradients, upstream, type OpCase } from './case.js';
import { families } from './index.js';

function discrepancyAlongOneDirection(test: OpCase): number {
  const labels = test.labels ?? [];
  const forward = (inputs: OpCase['inputs']) => test.forward(inputs, labels);
  const dy = upstream(forward(test.inputs).shape);
  return directionCheck(forward, test.inputs, referenceGradients(test, dy), dy);
}

describe('the case tables', () => {
  test('names are unique within an op', () => {
    const names = families.flatMap(({ op, cases }) => cases.map(({ name }) => `${op}: ${name}`));
    expect(new Set(names).size).toBe(names.length);
  });

  test('inputs are float32 numbers, outputs are finite, flags match inputs', () => {
    for (const { op, cases } of families) {
      expect(cases.length, op).toBeGreaterThan(2);
      for (const { name, inputs, labels = [], forward, differentiable } of cases) {
        const label = `${op}: ${name}`;
        expect(differentiable.length, label).toBe(inputs.length);
        for (const { data } of inputs) expect(data.every((v) => Math.fround(v) === v)).toBe(true);
        expect(forward(inputs, labels).data.every(Number.isFinite), label).toBe(true);
      }
    }
  });

  // Fails too if an input lies so near a kink that its gradient is a matter of rounding.
  test.each(families.map((family, i) => [`${family.op} (${i})`, family] as const))(
    'reference gradients of %s agree with differences',
    (_, { cases }) => {
      for (const each of cases.filter(({ differentiable }) => differentiable.some(Boolean)))
        expect(discrepancyAlongOneDirection(each), each.name).toBeLessThan(2e-8);
    },
  );
});
