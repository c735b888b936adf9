import { map, ravel, unravel, zeros, type Array64 } from './array.js';

export interface ResizeOptions {
  readonly method?: 'nearest' | 'bilinear';
  readonly alignCorners?: boolean;
  /** Default true, unless corners are aligned. */
  readonly halfPixelCenters?: boolean;
}

/** One output coordinate as a mix of two input coordinates: (1 - t) * lower + t * upper. */
interface Mix {
  readonly lower: number;
  readonly upper: number;
  readonly t: number;
}

type Mapping = 'alignCorners' | 'halfPixel' | 'legacy';

function mapping({
  alignCorners = false,
  halfPixelCenters = !alignCorners,
}: ResizeOptions): Mapping {
  if (alignCorners && halfPixelCenters) throw new Error('choose one of the two');
  return alignCorners ? 'alignCorners' : halfPixelCenters ? 'halfPixel' : 'legacy';
}

/** Whole-number fractions keep the rounding exact where floating point would be in doubt. */
function nearest(i: number, from: number, to: number, how: Mapping): Mix {
  let source: number;
  if (how === 'halfPixel') source = Math.floor(((2 * i + 1) * from) / (2 * to));
  else if (how === 'legacy' || to === 1) source = Math.floor((i * from) / to);
  else source = Math.floor((2 * i * (from - 1) + (to - 1)) / (2 * (to - 1)));
  source = Math.min(source, from - 1);
  return { lower: source, upper: source, t: 0 };
}

function bilinear(i: number, from: number, to: number, how: Mapping): Mix {
  const scale = how === 'alignCorners' && to > 1 ? (from - 1) / (to - 1) : from / to;
  const source = how === 'halfPixel' ? (i + 0.5) * scale - 0.5 : i * scale;
  const lower = Math.floor(source);
  return {
    lower: Math.max(lower, 0),
    upper: Math.min(Math.ceil(source), from - 1),
    t: source - lower,
  };
}

/** x [n, h, w, c] to [n, height, width, c], with TensorFlow's coordinate rules, no antialiasing. */
export function resize(
  x: Array64,
  [height, width]: readonly [number, number],
  options: ResizeOptions = {},
): Array64 {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const mix = options.method === 'bilinear' ? bilinear : nearest;
  const how = mapping(options);
  const shape = [n, height, width, c];
  const rows = Array.from({ length: height }, (_, i) => mix(i, h, height, how));
  const columns = Array.from({ length: width }, (_, i) => mix(i, w, width, how));
  return map(zeros(shape), (_, i) => {
    const [b, oy, ox, q] = unravel(i, shape) as [number, number, number, number];
    const row = rows[oy]!;
    const column = columns[ox]!;
    const at = (y: number, z: number): number => x.data[ravel([b, y, z, q], x.shape)]!;
    const across = (y: number): number =>
      at(y, column.lower) * (1 - column.t) + at(y, column.upper) * column.t;
    return across(row.lower) * (1 - row.t) + across(row.upper) * row.t;
  });
}
