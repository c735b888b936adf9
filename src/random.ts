import { FoveaError } from './errors.js';
import { now, type Live } from './gpu/commands.js';
import { sizeOf, type Shape } from './shape.js';
import { tensor, type Tensor } from './tensor.js';

/** Four unsigned 32-bit numbers. */
export type Uint4 = readonly [number, number, number, number];

const BITS_24 = 2 ** 24;
const BITS_32 = 2 ** 32;

/**
 * PCG4D, a hash of four u32 to four u32; `shaders/lib/rng.wgsl` computes the same bits.
 * Source: Jarzynski and Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020.
 */
export function pcg4d(seed: Uint4): Uint4 {
  const scatter = (u: number): number => Math.imul(u, 1664525) + 1013904223;
  let [x, y, z, w] = [scatter(seed[0]), scatter(seed[1]), scatter(seed[2]), scatter(seed[3])];
  for (let round = 0; ; round++) {
    x = (x + Math.imul(y, w)) >>> 0;
    y = (y + Math.imul(z, x)) >>> 0;
    z = (z + Math.imul(x, y)) >>> 0;
    w = (w + Math.imul(y, z)) >>> 0;
    if (round === 1) return [x, y, z, w];
    x ^= x >>> 16;
    y ^= y >>> 16;
    z ^= z >>> 16;
    w ^= w >>> 16;
  }
}

/** The two u32 of a seed. Throws unless it is an integer from 0 to 2^53 - 1. */
export function splitSeed(op: string, seed: number): readonly [low: number, high: number] {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new FoveaError(
      'ARGUMENT',
      `${op}: seed must be an integer from 0 to 2^53 - 1, got ${seed}`,
    );
  }
  return [seed % BITS_32, Math.floor(seed / BITS_32)];
}

/** The two words of a seed as parameters of a kernel. A function is asked again at each run. */
export function seedParams(
  op: string,
  seed: Live<number>,
): { readonly seed_low: Live<number>; readonly seed_high: Live<number> } {
  const [low, high] = splitSeed(op, now(seed));
  if (typeof seed === 'number') return { seed_low: low, seed_high: high };
  return {
    seed_low: () => splitSeed(op, seed())[0],
    seed_high: () => splitSeed(op, seed())[1],
  };
}

/** Where a `Random` stands: plain numbers, to be stored with a checkpoint. */
export interface RandomState {
  /** Three u32 that name the stream. */
  readonly key: readonly [number, number, number];
  /** How many numbers have been drawn. */
  readonly position: number;
}

/**
 * A seeded stream of random numbers on the host: the same numbers on every machine. Number i is
 * component i % 4 of pcg4d(i / 4, key), so that a stream can be continued from its state; it repeats
 * after 2^34 numbers.
 */
export class Random {
  private key: readonly [number, number, number];
  private position = 0;
  private block: Uint4 | undefined;

  /** @param seed an integer from 0 to 2^53 - 1 */
  constructor(seed: number) {
    // Dropout has the last word 0.
    this.key = [...splitSeed('Random', seed), 1];
  }

  /** Where the stream stands. Setting it continues another stream from there. */
  get state(): RandomState {
    return { key: this.key, position: this.position };
  }

  set state({ key, position }: RandomState) {
    this.key = [key[0], key[1], key[2]];
    this.position = position;
    this.block = undefined;
  }

  /** 32 random bits, as an integer from 0 to 2^32 - 1. */
  bits(): number {
    const lane = this.position % 4;
    if (lane === 0 || !this.block) {
      this.block = pcg4d([Math.floor(this.position / 4) >>> 0, ...this.key]);
    }
    this.position++;
    return this.block[lane]!;
  }

  /** Uniform in [0, 1), a multiple of 2^-24: float32 holds it exactly. */
  uniform(): number {
    return (this.bits() >>> 8) / BITS_24;
  }

  /** Normal with mean 0 and standard deviation 1, by Box and Muller's method. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** An integer from 0 to n - 1, for n from 1 to 2^32. */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > BITS_32) {
      throw new FoveaError('ARGUMENT', `Random.integer: n must be 1 to 2^32, got ${n}`);
    }
    return Math.floor((this.bits() * n) / BITS_32);
  }

  /** Brings an array or typed array into random order, in place (Fisher and Yates). Returns it. */
  shuffle<A extends { readonly length: number; [index: number]: unknown }>(values: A): A {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [values[i], values[j]] = [values[j], values[i]];
    }
    return values;
  }

  /**
   * An independent stream. It depends on this one's seed and on `id`, not on what has been drawn.
   *
   * @param id an integer from 0 to 2^32 - 1
   */
  fork(id: number): Random {
    const [low, high, stream] = this.key;
    const [a, b, c] = pcg4d([splitSeed('Random.fork', id)[0], low, high, ~stream >>> 0]);
    const fork = new Random(0);
    fork.state = { key: [a, b, c], position: 0 };
    return fork;
  }
}

/** A float32 tensor of uniform numbers from `lo` to `hi`. Default: [0, 1). */
export function randomUniform(
  shape: Shape,
  { lo = 0, hi = 1, seed }: { readonly lo?: number; readonly hi?: number; readonly seed: number },
): Tensor {
  const random = new Random(seed);
  return filled(shape, () => lo + (hi - lo) * random.uniform());
}

/** A float32 tensor of normal numbers. Default: mean 0, standard deviation 1. */
export function randomNormal(
  shape: Shape,
  {
    mean = 0,
    stddev = 1,
    seed,
  }: { readonly mean?: number; readonly stddev?: number; readonly seed: number },
): Tensor {
  const random = new Random(seed);
  return filled(shape, () => mean + stddev * random.normal());
}

function filled(shape: Shape, next: () => number): Tensor {
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = next();
  return tensor(values, shape);
}
