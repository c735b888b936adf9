import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import { referenceGradients, upstream, type OpFamily } from '../cases/case.js';
import { families } from '../cases/index.js';
import { onGpu, toHalves } from '../harness.js';
import type { Array64 } from '../reference/array.js';
import { discrepancy } from '../reference/gradient.js';
import { openGpu } from '../setup.js';

function testHalves(tested: readonly OpFamily[], halves: number): void {
  for (const { op, cases } of tested) {
    describe(op, () => {
      it.each(cases)('$name', async (given) => {
        const before = defaultDevice().memory.info().liveBytes;
        const test = { ...given, inputs: given.inputs.map(toHalves) };
        const expected = test.forward(test.inputs, test.labels ?? []);
        const dy = toHalves(upstream(expected.shape));
        const { y, grads } = await onGpu(test, expected, dy, halves);
        const compare = (what: string, found: ArrayLike<number>, wanted: Array64): void => {
          const d = discrepancy(found, wanted);
          if (process.env.SHOW) console.log(op, what, d.l2.toExponential(1), d.max.toExponential(1));
          expect(d.l2, what).toBeLessThan(2e-3);
        };
        compare('result', y, expected);
        if (!test.differentiable.some(Boolean)) return;
        const references = referenceGradients(test, dy);
        grads.forEach((grad, i) => grad && compare(`gradient ${i}`, grad, references[i]!));
        expect(defaultDevice().memory.info().liveBytes).toBe(before);
      });
    });
  }
}

describe('float16 in storage', () => {
  beforeAll(openGpu);
  afterAll(shutdown);
  describe('all operands', () => testHalves(families, 9));
});
