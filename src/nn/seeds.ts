import { randomBits, randomUniform } from '../random.js';

/** What a model draws random numbers for: each use has streams of its own. */
export const STREAM = { weights: 0, steps: 1, epochs: 2 } as const;

/** The seed of stream number `index` of a seed: 53 bits, the same everywhere. */
export function deriveSeed(seed: number, index: number): number {
  return randomBits(seed, 2 * index) + 2 ** 32 * (randomBits(seed, 2 * index + 1) >>> 11);
}

/** A seed that nobody chose. */
export function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}

/** Puts the numbers into random order, in place (Fisher and Yates). */
export function shuffle(numbers: Int32Array, seed: number): void {
  for (let i = numbers.length - 1; i > 0; i--) {
    const j = Math.floor(randomUniform(seed, i) * (i + 1));
    [numbers[i], numbers[j]] = [numbers[j]!, numbers[i]!];
  }
}
