import { affine } from '../../src/ops/index.js';
import { affine as reference, type AffineOptions } from '../reference/affine.js';
import { array, random, zeros, type Array64 } from '../reference/array.js';
import { dims, seedOf, tolerances, type OpCase, type OpFamily } from './case.js';

type Shape = readonly [n: number, h: number, w: number, c: number];

/** A different rotation, zoom and shift for each image, far enough to need every fill mode. */
function transforms([n, h, w]: Shape, seed: number): Array64 {
  const turns = random([n, 5], seed, { lo: -1, hi: 1 }).data;
  const rows = Array.from({ length: n }, (_, i) => {
    const [angle, zoom, aspect, right, down] = turns.slice(5 * i, 5 * i + 5) as unknown as [
      number,
      number,
      number,
      number,
      number,
    ];
    const [cos, sin] = [Math.cos(3 * angle), Math.sin(3 * angle)];
    const [sx, sy] = [1.3 + zoom, 1.3 + zoom + 0.2 * aspect];
    const [cx, cy] = [(w - 1) / 2, (h - 1) / 2];
    return [
      ...[sx * cos, -sx * sin, cx - sx * (cos * cx - sin * cy) + w * right],
      ...[sy * sin, sy * cos, cy - sy * (sin * cx + cos * cy) + h * down],
    ];
  });
  return array([n, 6], rows.flat().map(Math.fround));
}

function affineCase(shape: Shape, options: AffineOptions): OpCase {
  const { fillMode, interpolation, size } = options;
  const name = `${dims(shape)}${size ? ` to ${dims(size)}` : ''} ${fillMode!} ${interpolation!}`;
  const seed = seedOf(name);
  return {
    name,
    inputs: [random(shape, seed), transforms(shape, seed + 1)],
    gpu: ([x, t]) => affine(x!, t!, options),
    forward: ([x, t]) => reference(x!, t!, options),
    differentiable: [true, false],
  };
}

const shapes: readonly (readonly [Shape, [number, number]?])[] = [
  [[3, 5, 7, 3]],
  [[2, 6, 4, 4]],
  [
    [2, 7, 5, 1],
    [4, 9],
  ],
  [[1, 1, 6, 2]],
];

function cases(interpolation: 'bilinear' | 'nearest'): OpCase[] {
  return shapes.flatMap(([shape, size]) =>
    (['reflect', 'constant', 'nearest', 'wrap'] as const).map((fillMode) =>
      affineCase(shape, { fillMode, fillValue: 0.5, interpolation, ...(size && { size }) }),
    ),
  );
}

/** One pixel per image: nothing may divide by n - 1. */
const single: readonly OpCase[] = (['reflect', 'wrap'] as const).map((fillMode) => ({
  name: `1x1x1x2 ${fillMode} identity`,
  inputs: [
    random([1, 1, 1, 2], 3),
    { ...zeros([1, 6]), data: Float64Array.of(1, 0, 0.25, 0, 1, 0) },
  ],
  gpu: ([x, t]) => affine(x!, t!, { fillMode }),
  forward: ([x, t]) => reference(x!, t!, { fillMode }),
  differentiable: [true, false],
}));

export const affineFamilies: readonly OpFamily[] = [
  { op: 'affine', cases: [...cases('bilinear'), ...single], tolerance: tolerances.transcendental },
  { op: 'affine', cases: cases('nearest'), tolerance: tolerances.choice },
];
