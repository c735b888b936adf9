import { sizeOf, type Shape } from '../../src/shape.js';

/**
 * The rule by which the scripts in tests/fixtures make inputs and weights: numbers that look random.
 *
 * @param k other numbers for each
 */
export function wave(shape: Shape, k: number, scale = 1, offset = 0): Float32Array {
  return Float32Array.from(
    { length: sizeOf(shape) },
    (_, i) => scale * Math.sin(0.61 * (i + 1) * (i + 1) + k) + offset,
  );
}
