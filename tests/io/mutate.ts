/** Random whole numbers below `limit`, the same for the same seed. */
export type Random = (limit: number) => number;

/** A generator (mulberry32) for one seed. */
export function randomOf(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

const extremes = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffffffn,
  0xffffffffn,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];
const numbers = ['-1', '0', '1.5', '1e308', '4294967296', '9007199254740993', 'null', '[]', '"a"'];
const isDigit = (byte: number | undefined): boolean => byte! >= 0x30 && byte! <= 0x39;

const mutations: readonly Mutation[] = [
  function flipBit(bytes, random) {
    bytes[random(bytes.length)]! ^= 1 << random(8);
    return bytes;
  },
  function changeByte(bytes, random) {
    bytes[random(bytes.length)] = random(256);
    return bytes;
  },
  function truncate(bytes, random) {
    // Rarely: a shorter file is refused early, and tells little.
    return random(6) === 0 ? bytes.slice(0, random(bytes.length)) : bytes;
  },
  function overwriteBlock(bytes, random) {
    const from = random(bytes.length);
    bytes.copyWithin(random(bytes.length), from, from + 1 + random(64));
    return bytes;
  },
  function insertBlock(bytes, random) {
    const from = random(bytes.length);
    const at = random(bytes.length);
    return joined(
      bytes.subarray(0, at),
      bytes.subarray(from, from + random(64)),
      bytes.subarray(at),
    );
  },
  function extremeInteger(bytes, random) {
    const value = extremes[random(extremes.length)]!;
    const width = 2 ** random(4);
    const at = random(bytes.length);
    for (let i = 0; i < width && at + i < bytes.length; i++) {
      bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
    }
    return bytes;
  },
  function otherNumber(bytes, random) {
    let at = random(bytes.length);
    while (at < bytes.length && !isDigit(bytes[at])) at++;
    let end = at;
    while (isDigit(bytes[end])) end++;
    const text = new TextEncoder().encode(numbers[random(numbers.length)]);
    return joined(bytes.subarray(0, at), text, bytes.subarray(end));
  },
];

/** A damaged copy of a file: one to four changes of random kinds. */
export function mutated(file: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = file.slice();
  for (let count = 1 + random(4); count > 0 && bytes.length > 0; count--) {
    bytes = mutations[random(mutations.length)]!(bytes, random);
  }
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
