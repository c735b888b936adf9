import * as ops from '../../src/ops/index.js';
import { array, random, randomIntegers } from '../reference/array.js';
import { broadcastTo } from '../reference/broadcast.js';
import * as reference from '../reference/movement.js';
import { dims, seedOf, tolerances, type OpCase, type OpFamily } from './case.js';

type Shape = readonly number[];
type Paddings = [number, number][];

/** A case of an op with one float input. */
function moveCase(
  name: string,
  shape: Shape,
  { gpu, forward }: Pick<OpCase, 'gpu' | 'forward'>,
): OpCase {
  return { name, inputs: [random(shape, seedOf(name))], gpu, forward, differentiable: [true] };
}

const reshapes: readonly (readonly [Shape, number[]])[] = [
  [[], [1]],
  [[1, 1], []],
  [
    [2, 3, 4],
    [6, 4],
  ],
  [
    [2, 3, 4],
    [2, -1],
  ],
  [[5, 7], [35]],
  [[12], [2, 1, 3, 2, 1]],
];

const transposes: readonly (readonly [Shape, number[] | undefined])[] = [
  [[5], undefined],
  [[3, 5], undefined],
  [
    [33, 17],
    [1, 0],
  ],
  [
    [2, 3, 4],
    [0, 2, 1],
  ],
  [
    [2, 3, 5, 4],
    [0, 3, 1, 2],
  ],
  [
    [2, 4, 3, 5],
    [0, 2, 3, 1],
  ],
  [[2, 3, 4, 2], undefined],
  [
    [2, 1, 3, 2, 4],
    [4, 0, 3, 2, 1],
  ],
];

const pads: readonly (readonly [Shape, Paddings, number])[] = [
  [[5], [[2, 3]], 0],
  [
    [3, 5],
    [
      [0, 1],
      [2, 0],
    ],
    -1.5,
  ],
  [
    [2, 4, 3, 5],
    [
      [0, 0],
      [3, 2],
      [1, 4],
      [0, 0],
    ],
    0,
  ],
  [
    [2, 3, 2, 3],
    [
      [1, 0],
      [0, 0],
      [0, 0],
      [1, 2],
    ],
    7,
  ],
  [
    [2, 3],
    [
      [0, 0],
      [0, 0],
    ],
    1,
  ],
];

const slices: readonly (readonly [Shape, number[], number[]])[] = [
  [[9], [2], [5]],
  [
    [4, 6],
    [1, 0],
    [2, 6],
  ],
  [
    [3, 5, 4, 6],
    [0, 1, 2, 3],
    [3, 3, 1, 3],
  ],
  [
    [3, 5, 4, 2],
    [2, 0, 0, 0],
    [1, 5, 4, 2],
  ],
  [
    [2, 3, 2, 2, 3],
    [1, 1, 0, 1, 1],
    [1, 2, 2, 1, 2],
  ],
];

const concats: readonly (readonly [Shape[], number])[] = [
  [[[3], [4]], 0],
  [
    [
      [2, 3],
      [2, 5],
    ],
    -1,
  ],
  [
    [
      [1, 3, 2, 4],
      [2, 3, 2, 4],
    ],
    0,
  ],
  [
    [
      [2, 3, 3, 4],
      [2, 3, 3, 1],
      [2, 3, 3, 8],
    ],
    3,
  ],
  [
    [
      [2, 3, 2],
      [2, 1, 2],
      [2, 4, 2],
      [2, 2, 2],
    ],
    1,
  ],
  [[[5, 2]], 0],
];

function concatCase(shapes: readonly Shape[], axis: number): OpCase {
  const name = `${shapes.map(dims).join(' , ')} axis ${axis}`;
  return {
    name,
    inputs: shapes.map((shape, i) => random(shape, seedOf(name) + i)),
    gpu: (xs) => ops.concat(xs, axis),
    forward: (xs) => reference.concat(xs, axis),
    differentiable: shapes.map(() => true),
  };
}

/** More picks than rows, so that some rows are picked twice and some gradients add up. */
function gatherCase(shape: Shape, picks: number): OpCase {
  const name = `${picks} of ${dims(shape)}`;
  return {
    name,
    inputs: [random(shape, seedOf(name))],
    labels: [randomIntegers([picks], seedOf(name) + 1, shape[0]!)],
    gpu: ([x], [indices]) => ops.gather(x!, indices!),
    forward: ([x], [indices]) => reference.gather(x!, indices!),
    differentiable: [true],
  };
}

/** The last class number lies outside: its row is all zeros. */
function oneHotCase(numbers: readonly number[], depth: number): OpCase {
  return {
    name: `${numbers.length} numbers, depth ${depth}`,
    inputs: [],
    labels: [array([numbers.length], numbers)],
    gpu: (_, [indices]) => ops.oneHot(indices!, depth),
    forward: (_, [indices]) => reference.oneHot(indices!, depth),
    differentiable: [],
  };
}

const reshapeCases = reshapes.map(([from, to]) =>
  moveCase(`${dims(from)} to ${dims(to)}`, from, {
    gpu: ([x]) => ops.reshape(x!, to),
    forward: ([x]) => reference.reshape(x!, to),
  }),
);

const transposeCases = transposes.map(([shape, perm]) =>
  moveCase(`${dims(shape)}${perm ? ` perm ${perm.join(',')}` : ''}`, shape, {
    gpu: ([x]) => (perm ? ops.transpose(x!, perm) : ops.transpose(x!)),
    forward: ([x]) => reference.transpose(x!, perm),
  }),
);

const broadcasts: readonly (readonly [Shape, number[]])[] = [
  [[], [3]],
  [[4], [3, 4]],
  [
    [3, 1],
    [3, 5],
  ],
  [
    [2, 1, 4],
    [3, 2, 5, 4],
  ],
  [
    [1, 1, 2],
    [65, 3, 2],
  ],
];

const broadcastCases = broadcasts.map(([shape, target]) =>
  moveCase(`${dims(shape)} to ${dims(target)}`, shape, {
    gpu: ([x]) => ops.broadcastTo(x!, target),
    forward: ([x]) => broadcastTo(x!, target),
  }),
);

const padCases = pads.map(([shape, paddings, value]) =>
  moveCase(`${dims(shape)} by ${paddings.map((p) => p.join('+')).join(' ')} of ${value}`, shape, {
    gpu: ([x]) => ops.pad(x!, paddings, value),
    forward: ([x]) => reference.pad(x!, paddings, value),
  }),
);

const sliceCases = slices.map(([shape, begin, extent]) =>
  moveCase(`${dims(shape)} from ${begin.join(',')} size ${dims(extent)}`, shape, {
    gpu: ([x]) => ops.slice(x!, begin, extent),
    forward: ([x]) => reference.slice(x!, begin, extent),
  }),
);

const gatherCases = [gatherCase([3, 4], 7), gatherCase([5], 5), gatherCase([4, 2, 3, 3], 6)];
const oneHotCases = [oneHotCase([2, 0, 1, 3], 4), oneHotCase([0], 1), oneHotCase([9, 4, 10], 10)];

export const movementFamilies: readonly OpFamily[] = [
  { op: 'reshape', cases: reshapeCases, tolerance: tolerances.exact },
  { op: 'transpose', cases: transposeCases, tolerance: tolerances.exact },
  { op: 'broadcastTo', cases: broadcastCases, tolerance: tolerances.choice },
  { op: 'pad', cases: padCases, tolerance: tolerances.exact },
  { op: 'slice', cases: sliceCases, tolerance: tolerances.exact },
  {
    op: 'concat',
    cases: concats.map(([shapes, axis]) => concatCase(shapes, axis)),
    tolerance: tolerances.exact,
  },
  { op: 'gather', cases: gatherCases, tolerance: tolerances.choice },
  { op: 'oneHot', cases: oneHotCases, tolerance: tolerances.exact },
];
