/** A dense row-major array of float64 numbers: what every reference takes and returns. */
export interface Array64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Half-open interval that `random` draws from. */
export interface Range {
  readonly lo?: number;
  readonly hi?: number;
}

export function size(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

export function zeros(shape: readonly number[]): Array64 {
  return { shape, data: new Float64Array(size(shape)) };
}

export function array(shape: readonly number[], values: ArrayLike<number>): Array64 {
  if (values.length !== size(shape))
    throw new Error(`${values.length} values do not fill [${shape.join(', ')}]`);
  return { shape, data: Float64Array.from(values) };
}

export function map(a: Array64, f: (value: number, index: number) => number): Array64 {
  return { shape: a.shape, data: a.data.map(f) };
}

/** The coordinates of a flat index. */
export function unravel(index: number, shape: readonly number[]): number[] {
  const at = new Array<number>(shape.length).fill(0);
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return at;
}

/** The flat index of coordinates. */
export function ravel(at: readonly number[], shape: readonly number[]): number {
  let index = 0;
  for (let axis = 0; axis < at.length; axis++) index = index * shape[axis]! + at[axis]!;
  return index;
}

/** Mulberry32: a small seeded generator of numbers in [0, 1). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Fisher-Yates, in place. */
export function shuffle<T extends { [index: number]: number; length: number }>(
  items: T,
  next: () => number,
): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}

/** Uniform values, each exactly representable in float32. The default range has a mean of 0.25. */
export function random(
  shape: readonly number[],
  seed: number,
  { lo = -0.75, hi = 1.25 }: Range = {},
): Array64 {
  const next = generator(seed);
  return map(zeros(shape), () => Math.fround(lo + (hi - lo) * next()));
}

/** Uniform whole numbers in [0, limit). */
export function randomIntegers(shape: readonly number[], seed: number, limit: number): Array64 {
  const next = generator(seed);
  return map(zeros(shape), () => Math.floor(next() * limit));
}

/**
 * Shuffled values, all different, evenly spaced over about [-8, 8] and at least half a step away
 * from 0 and from 6: safe for max pooling and for the kinks of relu, relu6 and abs.
 */
export function distinct(shape: readonly number[], seed: number): Array64 {
  const count = size(shape);
  const step = 6 / Math.max(1, Math.ceil(0.375 * count));
  const values = map(zeros(shape), (_, i) => Math.fround((i - Math.floor(count / 2) + 0.5) * step));
  shuffle(values.data, generator(seed));
  return values;
}
