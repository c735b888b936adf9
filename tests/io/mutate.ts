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

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A value of a JSON document, in the array or object that it is in. */
interface Spot {
  readonly holder: Record<string, Json>;
  readonly key: string;
}

const values: readonly Json[] = [
  ...[null, true, false, 0, 1, -1, 1.5, 7, 1e9, 2 ** 31, 2 ** 53, 1e300, '', 'x', '__proto__'],
  ...[[], {}, [[]], [null], [1, 2], ['a', 0, 0], { class_name: 'Dense' }, { class_name: 1 }],
];

function spotsOf(document: Json): Spot[] {
  const found: Spot[] = [];
  const open = [document];
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    if (holder === null || typeof holder !== 'object') continue;
    for (const [key, value] of Object.entries(holder)) {
      found.push({ holder: holder as Spot['holder'], key });
      open.push(value);
    }
  }
  return found;
}

/** Another value in a place of a document: one to three times. */
export function mutatedJson(text: string, random: Random): string {
  const document = JSON.parse(text) as Json;
  let deep = '';
  for (let count = 1 + random(3); count > 0; count--) {
    const spots = spotsOf(document);
    if (spots.length === 0) break;
    const { holder, key } = spots[random(spots.length)]!;
    const other = spots[random(spots.length)]!;
    const value = holder[key]!;
    const change = random(8);
    if (change === 0) Reflect.deleteProperty(holder, key);
    else if (change <= 3) holder[key] = values[random(values.length)]!;
    else if (change === 4) holder[key] = structuredClone(other.holder[other.key]!);
    else if (change === 5)
      [holder[key], other.holder[other.key]] = [other.holder[other.key]!, value];
    else if (change === 6 && Array.isArray(value)) value.push(...structuredClone(value));
    else if (random(20) === 0) deep = JSON.stringify((holder[key] = `deep${spots.length}`));
  }
  const nested = `${'[{"class_name":"Sequential","config":{"layers":'.repeat(4000)}[]${'}}]'.repeat(4000)}`;
  return deep === '' ? JSON.stringify(document) : JSON.stringify(document).replace(deep, nested);
}
