import { map, ravel, unravel, zeros, type Array64 } from './array.js';

export interface ReduceOptions {
  /** One axis or several, negative ones from the end; absent: all. */
  readonly axis?: number | number[];
  readonly keepDims?: boolean;
}

/** Gathers, for every output element, the flat indices of the inputs that it reduces. */
function groups(x: Array64, { axis, keepDims = false }: ReduceOptions): [number[], number[][]] {
  const rank = x.shape.length;
  const listed = axis === undefined ? x.shape.map((_, i) => i) : [axis].flat();
  const reduced = new Set(listed.map((a) => (a < 0 ? a + rank : a)));
  const kept = x.shape.map((n, a) => (reduced.has(a) ? 1 : n));
  const members: number[][] = Array.from(zeros(kept).data, () => []);
  for (let i = 0; i < x.data.length; i++) {
    const at = unravel(i, x.shape).map((coordinate, a) => (reduced.has(a) ? 0 : coordinate));
    members[ravel(at, kept)]!.push(i);
  }
  return [keepDims ? kept : x.shape.filter((_, a) => !reduced.has(a)), members];
}

function reduce(
  x: Array64,
  options: ReduceOptions,
  f: (values: readonly number[]) => number,
): Array64 {
  const [shape, members] = groups(x, options);
  return map(zeros(shape), (_, i) => f(members[i]!.map((member) => x.data[member]!)));
}

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

export function sum(x: Array64, options: ReduceOptions = {}): Array64 {
  return reduce(x, options, total);
}

export function mean(x: Array64, options: ReduceOptions = {}): Array64 {
  return reduce(x, options, (values) => total(values) / values.length);
}

export function max(x: Array64, options: ReduceOptions = {}): Array64 {
  return reduce(x, options, (values) => values.reduce((a, b) => Math.max(a, b), -Infinity));
}

/** Gives every reduced element its share of the gradient of its output. */
function spread(
  x: Array64,
  dy: Array64,
  options: ReduceOptions,
  share: (member: number, members: readonly number[]) => number,
): Array64 {
  const [, members] = groups(x, options);
  const dx = zeros(x.shape);
  members.forEach((group, i) => {
    for (const member of group) dx.data[member] = dy.data[i]! * share(member, group);
  });
  return dx;
}

export function sumBackward(x: Array64, dy: Array64, options: ReduceOptions = {}): Array64 {
  return spread(x, dy, options, () => 1);
}

export function meanBackward(x: Array64, dy: Array64, options: ReduceOptions = {}): Array64 {
  return spread(x, dy, options, (_, members) => 1 / members.length);
}

/** All of the gradient goes to the largest element; for values without ties only. */
export function maxBackward(x: Array64, dy: Array64, options: ReduceOptions = {}): Array64 {
  return spread(x, dy, options, (member, members) =>
    Number(members.every((other) => x.data[member]! >= x.data[other]!)),
  );
}

/** The position of the largest value along one axis; of equal ones the first. */
export function argmax(x: Array64, { axis = -1 }: { readonly axis?: number } = {}): Array64 {
  return reduce(x, { axis }, (values) =>
    values.reduce((best, value, i) => (value > values[best]! ? i : best), 0),
  );
}
