import { array, map, ravel, size, unravel, zeros, type Array64 } from './array.js';

export function reshape(x: Array64, shape: readonly number[]): Array64 {
  const known = size(shape.filter((n) => n >= 0));
  return array(
    shape.map((n) => (n < 0 ? x.data.length / known : n)),
    x.data,
  );
}

/** Axis i of the result is axis perm[i] of x; by default the axes are reversed. */
export function transpose(x: Array64, perm?: readonly number[]): Array64 {
  const order = perm ?? x.shape.map((_, axis) => axis).reverse();
  const shape = order.map((axis) => x.shape[axis]!);
  return map(zeros(shape), (_, i) => {
    const at = new Array<number>(order.length).fill(0);
    unravel(i, shape).forEach((coordinate, axis) => (at[order[axis]!] = coordinate));
    return x.data[ravel(at, x.shape)]!;
  });
}

export function pad(
  x: Array64,
  paddings: readonly (readonly [number, number])[],
  value = 0,
): Array64 {
  const shape = x.shape.map((n, axis) => paddings[axis]![0] + n + paddings[axis]![1]);
  return map(zeros(shape), (_, i) => {
    const at = unravel(i, shape).map((coordinate, axis) => coordinate - paddings[axis]![0]);
    const inside = at.every((coordinate, axis) => coordinate >= 0 && coordinate < x.shape[axis]!);
    return inside ? x.data[ravel(at, x.shape)]! : value;
  });
}

export function slice(x: Array64, begin: readonly number[], extent: readonly number[]): Array64 {
  return map(zeros(extent), (_, i) => {
    const at = unravel(i, extent).map((coordinate, axis) => coordinate + begin[axis]!);
    return x.data[ravel(at, x.shape)]!;
  });
}

export function concat(xs: readonly Array64[], axis: number): Array64 {
  const first = xs[0]!.shape;
  const along = axis < 0 ? axis + first.length : axis;
  const shape = first.map((n, a) =>
    a === along ? xs.reduce((total, x) => total + x.shape[along]!, 0) : n,
  );
  const result = zeros(shape);
  let start = 0;
  for (const x of xs) {
    x.data.forEach((value, i) => {
      const at = unravel(i, x.shape);
      at[along]! += start;
      result.data[ravel(at, shape)] = value;
    });
    start += x.shape[along]!;
  }
  return result;
}

/** Rows of axis 0, chosen by number. */
export function gather(x: Array64, indices: Array64): Array64 {
  const row = size(x.shape.slice(1));
  return map(zeros([...indices.shape, ...x.shape.slice(1)]), (_, i) => {
    const from = indices.data[Math.floor(i / row)]!;
    return x.data[from * row + (i % row)]!;
  });
}

export function oneHot(indices: Array64, depth: number): Array64 {
  return map(zeros([...indices.shape, depth]), (_, i) =>
    Number(indices.data[Math.floor(i / depth)] === i % depth),
  );
}
