import { avgPool2d, globalAvgPool2d, globalMaxPool2d, maxPool2d } from '../../src/ops/index.js';
import { distinct, random } from '../reference/array.js';
import { pairwise } from '../reference/pairwise.js';
import * as reference from '../reference/pool.js';
import { pair, type PairLike } from '../reference/window.js';
import { dims, seedOf, tolerances, type OpCase, type OpFamily } from './case.js';

interface PoolSpec {
  readonly poolSize: PairLike;
  readonly strides: PairLike | undefined;
  readonly padding: 'same' | 'valid';
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly c: number;
}

const rows: readonly PoolSpec[] = pairwise(
  {
    poolSize: [1, 2, 3, 5, [1, 4], [3, 2]] as PairLike[],
    strides: [undefined, 1, 2, 3, [2, 1]] as (PairLike | undefined)[],
    padding: ['same', 'valid'] as ('same' | 'valid')[],
    batch: [1, 3],
    height: [1, 5, 8, 11],
    width: [4, 7, 14],
    c: [1, 3, 4, 5, 8, 17],
  },
  {
    valid: ({ poolSize, padding, height, width }) =>
      padding === 'same' || (pair(poolSize)[0] <= height && pair(poolSize)[1] <= width),
    seed: 31,
  },
);

const show = (value: PairLike): string => pair(value).join('x');

function poolCase(kind: 'max' | 'avg', spec: PoolSpec): OpCase {
  const { poolSize, strides, padding, batch, height, width, c } = spec;
  const stride = strides === undefined ? '' : ` s${show(strides)}`;
  const name = `k${show(poolSize)}${stride} ${padding} n${batch} ${height}x${width} c${c}`;
  const options = { poolSize, padding, ...(strides === undefined ? {} : { strides }) };
  const shape = [batch, height, width, c];
  const [gpu, forward, backward] =
    kind === 'max'
      ? [maxPool2d, reference.maxPool2d, reference.maxPool2dBackward]
      : [avgPool2d, reference.avgPool2d, reference.avgPool2dBackward];
  return {
    name,
    inputs: [kind === 'max' ? distinct(shape, seedOf(name)) : random(shape, seedOf(name))],
    gpu: ([x]) => gpu(x!, options),
    forward: ([x]) => forward(x!, options),
    backward: ([x], _, dy) => [backward(x!, dy, options)],
    differentiable: [true],
  };
}

const globalShapes: readonly (readonly number[])[] = [
  [1, 1, 1, 1],
  [1, 7, 5, 3],
  [3, 4, 4, 8],
  [2, 7, 7, 65],
  [3, 33, 31, 2],
  [1, 1, 6, 17],
];

function globalCase(kind: 'max' | 'avg', shape: readonly number[], keepDims: boolean): OpCase {
  const name = `${dims(shape)}${keepDims ? ' keepDims' : ''}`;
  const [gpu, forward, backward] =
    kind === 'max'
      ? [globalMaxPool2d, reference.globalMaxPool2d, reference.globalMaxPool2dBackward]
      : [globalAvgPool2d, reference.globalAvgPool2d, reference.globalAvgPool2dBackward];
  return {
    name,
    inputs: [kind === 'max' ? distinct(shape, seedOf(name)) : random(shape, seedOf(name))],
    gpu: ([x]) => gpu(x!, { keepDims }),
    forward: ([x]) => forward(x!, { keepDims }),
    backward: ([x], _, dy) => [backward(x!, dy)],
    differentiable: [true],
  };
}

function globalCases(kind: 'max' | 'avg'): OpCase[] {
  return globalShapes.flatMap((shape) =>
    [false, true].map((keepDims) => globalCase(kind, shape, keepDims)),
  );
}

export const poolFamilies: readonly OpFamily[] = [
  { op: 'maxPool2d', cases: rows.map((r) => poolCase('max', r)), tolerance: tolerances.choice },
  { op: 'avgPool2d', cases: rows.map((r) => poolCase('avg', r)), tolerance: tolerances.sum },
  { op: 'globalMaxPool2d', cases: globalCases('max'), tolerance: tolerances.choice },
  { op: 'globalAvgPool2d', cases: globalCases('avg'), tolerance: tolerances.sum },
];
