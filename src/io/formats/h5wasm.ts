import type { Module } from 'h5wasm';

/** The functions of the HDF5 library, as h5wasm exports them. */
export type H5wasm = typeof Module;

/** The wasm memory that h5wasm can grow to. */
const LIBRARY_BYTES = 2 ** 31;

/**
 * Limits what the library can allocate to about `bytes` more than it has: the rest of its address
 * space is taken, but never touched, so it costs no memory. Its allocations beyond fail in order.
 *
 * @returns the block to be freed afterwards; 0 where there was nothing to take
 */
export function reserveRest(library: H5wasm, bytes: number): number {
  const rest = LIBRARY_BYTES - library.HEAPU8.length - bytes;
  return rest > 0 ? library._malloc(rest) : 0;
}
