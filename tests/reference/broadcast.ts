import { map, ravel, unravel, zeros, type Array64 } from './array.js';
import { elementwiseGradient } from './gradient.js';

export type BinaryName = 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'minimum';

const functions: Readonly<Record<BinaryName, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
};

/** NumPy's rule: shapes are aligned at the end, an axis of size 1 or a missing one is repeated. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [p, q] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    if (p !== q && p !== 1 && q !== 1) throw new Error('shapes do not broadcast');
    return p === 1 ? q : p;
  });
}

/** For every element of `shape`, the element of `from` that it repeats. */
function sources(from: readonly number[], shape: readonly number[]): Array64 {
  const skipped = shape.length - from.length;
  return map(zeros(shape), (_, i) => {
    const at = unravel(i, shape).slice(skipped);
    return ravel(
      at.map((coordinate, axis) => (from[axis] === 1 ? 0 : coordinate)),
      from,
    );
  });
}

export function broadcastTo(a: Array64, shape: readonly number[]): Array64 {
  return map(sources(a.shape, shape), (source) => a.data[source]!);
}

/** The gradient of `broadcastTo`: adds up what was repeated. */
export function sumTo(a: Array64, shape: readonly number[]): Array64 {
  const result = zeros(shape);
  sources(shape, a.shape).data.forEach((source, i) => {
    result.data[source]! += a.data[i]!;
  });
  return result;
}

/** f of two arrays, broadcasting. */
export function zipBroadcast(a: Array64, b: Array64, f: (a: number, b: number) => number): Array64 {
  const shape = broadcastShape(a.shape, b.shape);
  const right = broadcastTo(b, shape);
  return map(broadcastTo(a, shape), (value, i) => f(value, right.data[i]!));
}

export function binary(name: BinaryName, a: Array64, b: Array64): Array64 {
  return zipBroadcast(a, b, functions[name]);
}

export function binaryBackward(
  name: BinaryName,
  a: Array64,
  b: Array64,
  dy: Array64,
): [da: Array64, db: Array64] {
  const inputs = [broadcastTo(a, dy.shape), broadcastTo(b, dy.shape)];
  const forward = (pair: readonly Array64[]): Array64 => binary(name, pair[0]!, pair[1]!);
  return [
    sumTo(elementwiseGradient(forward, inputs, 0, dy), a.shape),
    sumTo(elementwiseGradient(forward, inputs, 1, dy), b.shape),
  ];
}
