const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** The bits of the nearest float16; of two that are equally near, the even one. */
export function floatToHalf(value: number): number {
  float[0] = value;
  const sign = (floatBits[0]! >>> 16) & 0x8000;
  const bits = floatBits[0]! & 0x7fffffff;
  if (bits > 0x7f800000) return sign | 0x7e00;
  // Below 2^-14 halves are multiples of 2^-24, and from 65520 on they are infinite.
  if (bits < 0x38800000) return sign | toEven(Math.abs(float[0]) * 2 ** 24);
  if (bits >= 0x477ff000) return sign | 0x7c00;
  return sign | ((bits - 0x38000000 + 0xfff + ((bits >>> 13) & 1)) >>> 13);
}

function toEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}

/** The number that the bits of a float16 stand for. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
