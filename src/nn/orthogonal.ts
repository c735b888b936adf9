import type { Random } from '../random.js';

/**
 * A random matrix whose rows or columns, whichever are fewer, are orthonormal; all such matrices
 * are equally likely. Gram and Schmidt's method on normal numbers, in float64.
 *
 * @returns [rows, columns], row-major
 */
export function orthogonalMatrix(rows: number, columns: number, random: Random): Float64Array {
  const count = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const vector = Float64Array.from({ length }, () => random.normal());
    // Once more for what rounding left in the first time.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of vectors) addScaled(vector, other, -dot(vector, other));
      const norm = Math.sqrt(dot(vector, vector));
      vector.forEach((value, i) => (vector[i] = value / norm));
    }
    vectors.push(vector);
  }
  const [vectorStride, elementStride] = rows >= columns ? [1, columns] : [columns, 1];
  const matrix = new Float64Array(rows * columns);
  vectors.forEach((vector, v) => {
    vector.forEach((value, i) => (matrix[v * vectorStride + i * elementStride] = value));
  });
  return matrix;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaled(a: Float64Array, b: Float64Array, factor: number): void {
  for (let i = 0; i < a.length; i++) a[i]! += factor * b[i]!;
}
