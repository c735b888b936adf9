/** Bytes that are read when they are wanted: those of a file, or in memory. */
export interface ByteSource {
  readonly length: number;
  /** Fills `target` with the bytes from `at` on, of which there must be enough. */
  readonly fill: (target: Uint8Array, at: number) => void;
}

/** The bytes of an array. */
export function inMemory(bytes: Uint8Array): ByteSource {
  return {
    length: bytes.length,
    fill: (target, at) => target.set(bytes.subarray(at, at + target.length)),
  };
}

/** The bytes from `at` on: so many, or what there is. */
export function readBytes(source: ByteSource, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, source.length - at)));
  source.fill(bytes, at);
  return bytes;
}
