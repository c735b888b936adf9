import { map, ravel, unravel, zeros, type Array64 } from './array.js';

export interface AffineOptions {
  readonly size?: readonly [number, number];
  readonly fillMode?: 'reflect' | 'constant' | 'nearest' | 'wrap';
  readonly fillValue?: number;
  readonly interpolation?: 'bilinear' | 'nearest';
}

function clamp(c: number, n: number): number {
  return Math.min(Math.max(c, 0), n - 1);
}

/** ImageProjectiveTransformV3's way back into [0, n - 1]. */
function inside(c: number, n: number, mode: AffineOptions['fillMode']): number {
  switch (mode) {
    case 'constant':
      return c;
    case 'nearest':
      return clamp(c, n);
    case 'wrap':
      if (n === 1) return 0;
      if (c < 0) return clamp(c + n * (Math.trunc(-c / (n - 1)) + 1), n);
      return clamp(c > n - 1 ? c - n * Math.trunc(c / (n - 1)) : c, n);
    default: {
      // Folded over the period 2n of abcd|dcba.
      const place = (((c + 0.5) % (2 * n)) + 2 * n) % (2 * n);
      return clamp((place < n ? place : 2 * n - place) - 0.5, n);
    }
  }
}

/** x [n, h, w, c], transforms [n, 6] from output to input pixels. */
export function affine(x: Array64, transforms: Array64, options: AffineOptions = {}): Array64 {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const { size = [h, w], fillMode = 'reflect', fillValue = 0, interpolation } = options;
  const shape = [n, ...size, c];
  return map(zeros(shape), (_, i) => {
    const [b, oy, ox, q] = unravel(i, shape) as [number, number, number, number];
    const [a0, a1, a2, b0, b1, b2] = Array.from(transforms.data.slice(6 * b, 6 * b + 6)) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const sx = inside(a0 * ox + a1 * oy + a2, w, fillMode);
    const sy = inside(b0 * ox + b1 * oy + b2, h, fillMode);
    const at = (y: number, z: number): number =>
      y >= 0 && y < h && z >= 0 && z < w ? x.data[ravel([b, y, z, q], x.shape)]! : fillValue;
    if (interpolation === 'nearest') {
      const round = (v: number): number => Math.sign(v) * Math.floor(Math.abs(v) + 0.5);
      return at(round(sy), round(sx));
    }
    const [top, left] = [Math.floor(sy), Math.floor(sx)];
    const across = (y: number): number =>
      at(y, left) * (left + 1 - sx) + at(y, left + 1) * (sx - left);
    return across(top) * (top + 1 - sy) + across(top + 1) * (sy - top);
  });
}
