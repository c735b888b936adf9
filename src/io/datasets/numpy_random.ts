/** Words of the state of the Mersenne Twister. */
const N = 624;
const M = 397;

/**
 * The order into which NumPy's `RandomState(seed).shuffle` brings a list, which Keras uses to shuffle files.
 * Source: Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998; Fisher and Yates from the
 * end, with numbers drawn by masking and rejection.
 *
 * @param seed an integer from 0 to 2^32 - 1
 * @returns for each place, the number of the element that comes there
 */
export function numpyShuffle(count: number, seed: number): Int32Array {
  const next = mersenneTwister(seed);
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const mask = 2 ** (32 - Math.clz32(i)) - 1;
    let j = (next() & mask) >>> 0;
    while (j > i) j = (next() & mask) >>> 0;
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** MT19937: each call gives 32 bits. */
function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(N);
  state[0] = seed;
  for (let i = 1; i < N; i++) {
    const before = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = Math.imul(1812433253, before) + i;
  }
  let at = N;
  return () => {
    if (at === N) {
      twist(state);
      at = 0;
    }
    let y = state[at++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < N; i++) {
    const y = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff);
    state[i] = state[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}
