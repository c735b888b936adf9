import { sizeOf, type Shape } from '../../src/shape.js';
import { assign } from '../../src/nn/update.js';
import type { Model } from '../../src/nn/model.js';

/** Numbers from -1 to 1: a hash of position and stream. The rule of make_applications.py. */
export function uniform(count: number, stream: number, to: (u: number) => number): Float32Array {
  const values = new Float32Array(count);
  const start = (stream * 40503 + 12345) % 2 ** 32;
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i, 2654435761) + start) | 0;
    h ^= h >>> 15;
    h = Math.imul(h, 2246822519);
    h ^= h >>> 13;
    h = Math.imul(h, 3266489917);
    h ^= h >>> 16;
    values[i] = to((h >>> 0) / 2 ** 31 - 1);
  }
  return values;
}

/** What a random number of a weight becomes. */
function scaling(role: string, shape: Shape, gain: number): (u: number) => number {
  if (role === 'count') return () => 0;
  if (role === 'gamma') return (u) => gain * (1 + 0.2 * u);
  if (role.endsWith('variance')) return (u) => 1 + 0.5 * u;
  if (shape.length === 1) return (u) => 0.1 * u;
  const fanIn = role === 'depthwise' ? shape[0]! * shape[1]! : sizeOf(shape.slice(0, -1));
  const scale = Math.sqrt((shape.length === 4 ? 6 : 3) / fanIn);
  return (u) => u * scale;
}

/** Gives a network the weights of make_applications.py. */
export function setWeights({ layers }: Model, gain: number): void {
  let index = 0;
  for (const { className, weights } of layers) {
    for (const { name, value } of weights) {
      const last = name.split('/').at(-1)!;
      const role = className === 'DepthwiseConv2D' && last === 'kernel' ? 'depthwise' : last;
      assign(value, uniform(value.size, index, scaling(role, value.shape, gain)));
      index++;
    }
  }
}

/** The picture of make_applications.py, [1, size, size, 3]. */
export function picture(size: number, [low, high]: readonly number[]): Float32Array {
  const middle = (high! + low!) / 2;
  const half = (high! - low!) / 2;
  return uniform(size * size * 3, 999_983, (u) => middle + half * u);
}

/** Mean, root of the mean square, and eight values. */
export function numbersOf(x: ArrayLike<number>): number[] {
  const n = x.length;
  let [sum, squares] = [0, 0];
  for (let i = 0; i < n; i++) {
    sum += x[i]!;
    squares += x[i]! * x[i]!;
  }
  const step = Math.max(Math.floor(n / 8), 1);
  const some = Array.from({ length: 8 }, (_, i) => x[Math.floor((i * n) / 8) + ((i * 7) % step)]!);
  return [sum / n, Math.sqrt(squares / n), ...some];
}
