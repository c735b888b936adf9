import * as ops from '../../src/ops/index.js';
import { distinct, random, randomIntegers, size } from '../reference/array.js';
import * as reference from '../reference/reduce.js';
import { dims, seedOf, tolerances, type OpCase, type OpFamily } from './case.js';

type Shape = readonly number[];
type Reduction = 'sum' | 'mean' | 'max';

const backwards = {
  sum: reference.sumBackward,
  mean: reference.meanBackward,
  max: reference.maxBackward,
};

/** Shape and axes; undefined: all of them. */
const reductions: readonly (readonly [Shape, number | number[] | undefined])[] = [
  [[], undefined],
  [[1], undefined],
  [[3], 0],
  [[1000], undefined],
  [[1000], -1],
  [[3, 5], 0],
  [[3, 5], -1],
  [[3, 5], undefined],
  [[2, 300], 1],
  [[3, 131], -1],
  [[3, 1031], 1],
  [[18_000], 0],
  [[300, 3], 0],
  [[2, 3, 4], 1],
  [
    [2, 3, 4],
    [0, 2],
  ],
  [
    [3, 5, 4, 7],
    [1, 2],
  ],
  [
    [3, 5, 4, 7],
    [0, 1, 2],
  ],
  [
    [3, 5, 4, 7],
    [-1, -3],
  ],
  [
    [2, 1, 3, 2, 5],
    [0, 3],
  ],
];

function reductionCase(
  op: Reduction,
  shape: Shape,
  axis: number | number[] | undefined,
  keepDims: boolean,
): OpCase {
  const axes = axis === undefined ? 'all' : `axis ${[axis].flat().join(',')}`;
  const name = `${dims(shape)} ${axes}${keepDims ? ' keepDims' : ''}`;
  const options = { keepDims, ...(axis === undefined ? {} : { axis }) };
  return {
    name,
    inputs: [op === 'max' ? distinct(shape, seedOf(name)) : random(shape, seedOf(name))],
    gpu: ([x]) => ops[op](x!, options),
    forward: ([x]) => reference[op](x!, options),
    backward: ([x], _, dy) => [backwards[op](x!, dy, options)],
    differentiable: [true],
  };
}

function reductionFamily(op: Reduction): OpFamily {
  // Of the largest, float16 must be able to tell all values apart.
  const shapes = reductions.filter(([shape]) => op !== 'max' || size(shape) < 4096);
  const cases = shapes.flatMap(([shape, axis]) =>
    [false, true].map((keepDims) => reductionCase(op, shape, axis, keepDims)),
  );
  return { op, cases, tolerance: op === 'max' ? tolerances.exact : tolerances.sum };
}

const argmaxShapes: readonly (readonly [Shape, number])[] = [
  [[1], -1],
  [[1000], 0],
  [[33, 10], -1],
  [[2, 3, 5, 4], -1],
  [[2, 3, 5, 4], 1],
  [[17, 3], 0],
];

function argmaxCase(shape: Shape, axis: number, ties: boolean): OpCase {
  const name = `${dims(shape)} axis ${axis}${ties ? ' ties' : ''}`;
  const seed = seedOf(name);
  return {
    name,
    inputs: [ties ? randomIntegers(shape, seed, 4) : distinct(shape, seed)],
    gpu: ([x]) => ops.argmax(x!, { axis }),
    forward: ([x]) => reference.argmax(x!, { axis }),
    differentiable: [false],
  };
}

const argmaxFamily: OpFamily = {
  op: 'argmax',
  cases: argmaxShapes.flatMap(([shape, axis]) =>
    [false, true].map((ties) => argmaxCase(shape, axis, ties)),
  ),
  tolerance: tolerances.exact,
};

export const reduceFamilies: readonly OpFamily[] = [
  ...(['sum', 'mean', 'max'] as const).map(reductionFamily),
  argmaxFamily,
];
