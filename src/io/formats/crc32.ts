/** The CRC-32 that ZIP and PNG use, as an unsigned number. */
export const crc32 = crcWith(0xedb88320);

/** The CRC-32C (Castagnoli) that TensorFlow's records use, as an unsigned number. */
export const crc32c = crcWith(0x82f63b78);

/** @param polynomial with its lowest bit first */
function crcWith(polynomial: number): (bytes: Uint8Array) => number {
  // Of every byte: what it does to the remainder.
  const table = Int32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? polynomial : 0);
    return value;
  });
  return (bytes) => {
    let crc = -1;
    for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!;
    return ~crc >>> 0;
  };
}
