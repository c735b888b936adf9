import { describe, expect, test } from 'vitest';
import { array, distinct, random, type Array64 } from './array.js';
import { binary, sumTo } from './broadcast.js';
import type { AffineGradients } from './contraction.js';
import * as conv from './conv.js';
import { directionCheck, discrepancy, numericGradient, type Forward } from './gradient.js';
import { dense, denseBackward, matmul, matmulBackward } from './matmul.js';
import * as move from './movement.js';
import { pairwise } from './pairwise.js';
import * as pool from './pool.js';
import { pcg4d, randomUniform, type Uint4 } from './random.js';
import { argmax, max, mean, sum } from './reduce.js';
import { resize, type ResizeOptions } from './resize.js';

function expectClose(actual: Array64, expected: Array64, tolerance: number): void {
  expect(discrepancy(actual.data, expected).max).toBeLessThan(tolerance);
}

describe('analytic gradients against differences', () => {
  function expectGradients(
    forward: Forward,
    inputs: readonly Array64[],
    backward: (dy: Array64) => readonly Array64[],
  ): void {
    const dy = random(forward(inputs).shape, 9);
    const gradients = backward(dy);
    expect(gradients.length).toBe(inputs.length);
    gradients.forEach((gradient, i) => {
      expectClose(gradient, numericGradient(forward, inputs, i, dy), 1e-8);
    });
    expect(directionCheck(forward, inputs, gradients, dy)).toBeLessThan(1e-8);
    const wrong = gradients.map((gradient, i) => (i > 0 ? gradient : random(gradient.shape, 5)));
    expect(directionCheck(forward, inputs, wrong, dy)).toBeGreaterThan(1e-3);
  }
  const list = ({ dx, dw, dbias }: AffineGradients): Array64[] => [dx, dw, dbias];
  const bias = random([4], 3);

  test('conv2d', () => {
    const inputs = [random([2, 6, 5, 4], 1), random([3, 2, 2, 4], 2), bias];
    const padding: [[number, number], [number, number]] = [
      [2, 0],
      [1, 3],
    ];
    const base = { strides: [2, 1] as [number, number], dilation: 2, padding, groups: 2 };
    const options = { ...base, activation: 'swish' } as const;
    expectGradients(
      ([x, w, b]) => conv.conv2d(x!, w!, { ...options, bias: b! }),
      inputs,
      (dy) => list(conv.conv2dBackward(inputs[0]!, inputs[1]!, dy, { ...options, bias })),
    );
  });

  test('depthwiseConv2d', () => {
    const inputs = [random([2, 5, 4, 2], 1), random([3, 2, 2, 2], 2), bias];
    const options = { strides: 2, padding: 'same', activation: 'tanh' } as const;
    expectGradients(
      ([x, w, b]) => conv.depthwiseConv2d(x!, w!, { ...options, bias: b! }),
      inputs,
      (dy) => list(conv.depthwiseConv2dBackward(inputs[0]!, inputs[1]!, dy, { ...options, bias })),
    );
  });

  test('conv2dTranspose', () => {
    const inputs = [random([2, 3, 2, 3], 1), random([3, 4, 4, 3], 2), bias];
    const options = { strides: 2, padding: 'same', activation: 'sigmoid' } as const;
    expectGradients(
      ([x, w, b]) => conv.conv2dTranspose(x!, w!, { ...options, bias: b! }),
      inputs,
      (dy) => list(conv.conv2dTransposeBackward(inputs[0]!, inputs[1]!, dy, { ...options, bias })),
    );
  });

  test('dense and matmul', () => {
    const inputs = [random([3, 5], 1), random([5, 4], 2), bias];
    expectGradients(
      ([x, w, b]) => dense(x!, w!, { activation: 'tanh', bias: b! }),
      inputs,
      (dy) => list(denseBackward(inputs[0]!, inputs[1]!, dy, { activation: 'tanh', bias })),
    );
    const [a, b] = [random([5, 3], 1), random([2, 5], 2)];
    const options = { transposeA: true, transposeB: true };
    expectGradients(
      ([p, q]) => matmul(p!, q!, options),
      [a, b],
      (dy) => matmulBackward(a, b, dy, options),
    );
  });

  test.each(['same', 'valid'] as const)('pooling, %s', (padding) => {
    const x = distinct([2, 5, 4, 3], 1);
    const options = { poolSize: [3, 2] as [number, number], strides: [2, 1] as [number, number] };
    const all = { ...options, padding };
    expectGradients(
      ([p]) => pool.maxPool2d(p!, all),
      [x],
      (dy) => [pool.maxPool2dBackward(x, dy, all)],
    );
    expectGradients(
      ([p]) => pool.avgPool2d(p!, all),
      [x],
      (dy) => [pool.avgPool2dBackward(x, dy, all)],
    );
  });
});

describe('reductions and the rest by hand', () => {
  const x = array([2, 3], [1, 5, 5, 4, 3, 2]);

  test('reductions over one axis, several, none named', () => {
    expect([...sum(x, { axis: 0 }).data]).toEqual([5, 8, 7]);
    expect([...mean(x, { axis: -1 }).data]).toEqual([11 / 3, 3]);
    expect(max(x, { axis: [0, 1], keepDims: true })).toEqual(array([1, 1], [5]));
    expect(sum(x)).toEqual(array([], [20]));
    expect([...argmax(x).data]).toEqual([1, 0]);
  });

  test('broadcasting and movement', () => {
    expect([...binary('sub', x, array([2, 1], [1, 2])).data]).toEqual([0, 4, 4, 2, 1, 0]);
    expect([...sumTo(x, [3]).data]).toEqual([5, 8, 7]);
    expect(move.transpose(x)).toEqual(array([3, 2], [1, 4, 5, 3, 5, 2]));
    const bordered = move.pad(
      array([1, 2], [1, 2]),
      [
        [1, 0],
        [0, 1],
      ],
      9,
    );
    expect(bordered).toEqual(array([2, 3], [9, 9, 9, 1, 2, 9]));
    expect([...move.slice(x, [0, 1], [2, 2]).data]).toEqual([5, 5, 3, 2]);
    expect([...move.concat([x, array([2, 1], [7, 8])], 1).data]).toEqual([1, 5, 5, 7, 4, 3, 2, 8]);
    expect([...move.gather(x, array([3], [1, 0, 1])).data]).toEqual([4, 3, 2, 1, 5, 5, 4, 3, 2]);
    expect([...move.oneHot(array([2], [1, 0]), 2).data]).toEqual([0, 1, 1, 0]);
  });

  test('nearest resize', () => {
    const row = array([1, 1, 4, 1], [10, 20, 30, 40]);
    const to = (width: number, options: ResizeOptions): number[] => [
      ...resize(row, [1, width], options).data,
    ];
    expect(to(2, {})).toEqual([20, 40]);
    expect(to(2, { halfPixelCenters: false })).toEqual([10, 30]);
    expect(to(7, { alignCorners: true })).toEqual([10, 20, 20, 30, 30, 40, 40]);
    expect(to(8, {})).toEqual([10, 10, 20, 20, 30, 30, 40, 40]);
  });
});

describe('tools', () => {
  test('a Sobel filter over a small picture', () => {
    const rows = [
      [20, 24, 11, 12, 16, 19],
      [19, 17, 20, 23, 15, 9],
      [21, 40, 25, 13, 14, 8],
      [9, 18, 8, 6, 11, 22],
      [31, 3, 7, 9, 17, 23],
      [20, 12, 3, 11, 19, 30],
    ];
    const kernel = array([3, 3, 1, 1], [1, 0, -1, 2, 0, -2, 1, 0, -1]);
    const y = conv.conv2d(array([1, 6, 6, 1], rows.flat()), kernel);
    const expected = [3, 27, 16, 26, -8, 60, 24, 8, 22, 45, -5, -41, 66, 1, -39, -63];
    expect([...y.data]).toEqual(expected);
  });

  test('pairwise covers every pair that a valid row can hold', () => {
    const parameters = { kernel: [1, 3, 5], size: [2, 4, 6], pad: ['same', 'valid'], c: [1, 2, 3] };
    type Values = { kernel: number; size: number; pad: string; c: number };
    const valid = ({ kernel, size, pad }: Values): boolean => pad === 'same' || kernel <= size;
    const pairs = (row: Values): string[] => {
      const cells = Object.entries(row).map(([name, value]) => `${name}=${value}`);
      return cells.flatMap((p, i) => cells.slice(i + 1).map((q) => `${p} ${q}`));
    };
    const every = parameters.kernel.flatMap((kernel) =>
      parameters.size.flatMap((size) =>
        parameters.pad.flatMap((pad) => parameters.c.map((c) => ({ kernel, size, pad, c }))),
      ),
    );
    const rows = pairwise(parameters, { valid, seed: 3 });
    expect(rows.every(valid)).toBe(true);
    expect(new Set(rows.flatMap(pairs))).toEqual(new Set(every.filter(valid).flatMap(pairs)));
    expect(rows.length).toBeLessThan(every.filter(valid).length / 2);
  });

  test('pcg4d equals the formula in whole numbers without limit', () => {
    const exact = (v: Uint4): number[] => {
      let [x, y, z, w] = v.map((u) => BigInt.asUintN(32, BigInt(u) * 1664525n + 1013904223n));
      const add = (): void => {
        x = BigInt.asUintN(32, x! + y! * w!);
        y = BigInt.asUintN(32, y! + z! * x);
        z = BigInt.asUintN(32, z! + x * y);
        w = BigInt.asUintN(32, w! + y * z);
      };
      add();
      [x, y, z, w] = [x!, y!, z!, w!].map((u) => u ^ (u >> 16n));
      add();
      return [x!, y!, z!, w!].map(Number);
    };
    for (let i = 0; i < 50; i++) {
      const v: Uint4 = [i, 4294967295 - i, i * 7919, 0];
      expect([...pcg4d(v)]).toEqual(exact(v));
    }
  });

  test('random numbers are uniform', () => {
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 20000; i++) counts[Math.floor(randomUniform(123, i) * 10)]! += 1;
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });
});
