import { resize } from '../../src/ops/index.js';
import { random } from '../reference/array.js';
import { resize as reference, type ResizeOptions } from '../reference/resize.js';
import { dims, seedOf, tolerances, type OpCase, type OpFamily } from './case.js';

type Shape = readonly number[];
type Size = [height: number, width: number];

/** Up, down, both, by whole factors and not, to one cell, from one cell, and no change. */
const sizes: readonly (readonly [Shape, Size])[] = [
  [
    [1, 3, 4, 1],
    [6, 8],
  ],
  [
    [3, 4, 5, 2],
    [8, 15],
  ],
  [
    [1, 8, 6, 4],
    [4, 3],
  ],
  [
    [2, 5, 3, 2],
    [7, 4],
  ],
  [
    [1, 9, 5, 3],
    [4, 11],
  ],
  [
    [1, 4, 5, 5],
    [1, 1],
  ],
  [
    [2, 1, 1, 8],
    [3, 2],
  ],
  [
    [1, 4, 6, 2],
    [4, 6],
  ],
];

const coordinates: readonly (readonly [string, ResizeOptions])[] = [
  ['half pixel', {}],
  ['align corners', { alignCorners: true, halfPixelCenters: false }],
  ['legacy', { alignCorners: false, halfPixelCenters: false }],
];

function resizeCases(method: 'nearest' | 'bilinear'): OpCase[] {
  return sizes.flatMap(([shape, size]) =>
    coordinates.map(([label, rule]): OpCase => {
      const name = `${method} ${dims(shape)} to ${dims(size)} ${label}`;
      const options = { method, ...rule };
      return {
        name,
        inputs: [random(shape, seedOf(name))],
        gpu: ([x]) => resize(x!, size, options),
        forward: ([x]) => reference(x!, size, options),
        differentiable: [true],
      };
    }),
  );
}

export const resizeFamilies: readonly OpFamily[] = [
  { op: 'resize', cases: resizeCases('nearest'), tolerance: tolerances.choice },
  { op: 'resize', cases: resizeCases('bilinear'), tolerance: tolerances.sum },
];
