import { Random } from '../random.js';

/** What a model draws random numbers for: each use has streams of its own. */
export const STREAM = { weights: 0, steps: 1, epochs: 2 } as const;

/** The seed at the end of a path of stream numbers: an integer below 2^53. */
export function deriveSeed(seed: number, ...path: readonly number[]): number {
  const random = path.reduce((stream, id) => stream.fork(id), new Random(seed));
  return random.bits() + 2 ** 32 * (random.bits() >>> 11);
}

/** A seed that nobody chose. */
export function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
