import { map, type Array64 } from './array.js';

export type Uint4 = readonly [number, number, number, number];

const MULTIPLIER = 1664525;
const INCREMENT = 1013904223;

/** Each component takes up the product of two others, in turn. */
function mix([x, y, z, w]: Uint4): Uint4 {
  const a = (x + Math.imul(y, w)) >>> 0;
  const b = (y + Math.imul(z, a)) >>> 0;
  const c = (z + Math.imul(a, b)) >>> 0;
  const d = (w + Math.imul(b, c)) >>> 0;
  return [a, b, c, d];
}

/**
 * PCG4D, a hash of four u32 to four u32.
 * Source: Jarzynski and Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020.
 */
export function pcg4d(v: Uint4): Uint4 {
  const step = (u: number): number => (Math.imul(u, MULTIPLIER) + INCREMENT) >>> 0;
  const fold = (u: number): number => (u ^ (u >>> 16)) >>> 0;
  const [x, y, z, w] = mix([step(v[0]), step(v[1]), step(v[2]), step(v[3])]);
  return mix([fold(x), fold(y), fold(z), fold(w)]);
}

/**
 * The u32 that belongs to one element of a stream: four elements share one hash.
 *
 * @param stream 0 for dropout, 2 for noise
 */
export function randomBits(seed: number, element: number, stream = 0): number {
  const low = seed >>> 0;
  const high = Math.floor(seed / 2 ** 32) >>> 0;
  return pcg4d([Math.floor(element / 4), low, high, stream])[element % 4]!;
}

/** Uniform in [0, 1): the upper 24 bits, so that float32 holds it exactly. */
export function randomUniform(seed: number, element: number, stream = 0): number {
  return (randomBits(seed, element, stream) >>> 8) / 2 ** 24;
}

export interface DropoutOptions {
  readonly rate: number;
  readonly seed: number;
}

/** Keeps an element where its uniform number is at least `rate`, scaled by 1 / (1 - rate). */
export function dropout(x: Array64, { rate, seed }: DropoutOptions): Array64 {
  return map(x, (value, i) => (randomUniform(seed, i) >= rate ? value / (1 - rate) : 0));
}

/** Adds normal numbers: of four elements, the first two have the cosines and the others the sines. */
export function gaussianNoise(x: Array64, stddev: number, seed: number): Array64 {
  return map(x, (value, i) => {
    const pair = i - (i % 4) + 2 * (i % 2);
    const radius = Math.sqrt(-2 * Math.log(1 - randomUniform(seed, pair, 2)));
    const angle = 2 * Math.PI * (randomUniform(seed, pair + 1, 2) - 0.5);
    return value + stddev * radius * (i % 4 < 2 ? Math.cos(angle) : Math.sin(angle));
  });
}
