import { map, size, type Array64 } from './array.js';

export interface LayerNormOptions {
  readonly axes?: number;
  readonly epsilon?: number;
}

/** (x - mean) / sqrt(variance + epsilon) * gamma + beta, over the last `axes` axes. */
export function layerNorm(
  x: Array64,
  gamma: Array64,
  beta: Array64,
  { axes = 1, epsilon = 1e-3 }: LayerNormOptions = {},
): Array64 {
  const c = size(x.shape.slice(-axes));
  const y = map(x, (value) => value);
  for (let first = 0; first < x.data.length; first += c) {
    const row = x.data.subarray(first, first + c);
    const mean = row.reduce((sum, v) => sum + v, 0) / c;
    const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / c;
    row.forEach((v, i) => {
      const normal = (v - mean) / Math.sqrt(variance + epsilon);
      y.data[first + i] = normal * gamma.data[i]! + beta.data[i]!;
    });
  }
  return y;
}
