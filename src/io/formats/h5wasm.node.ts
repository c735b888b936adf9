import type { H5wasm } from './h5wasm.js';

/**
 * A fresh instance of the HDF5 library, with its own memory: what a damaged file does to it ends
 * with it. h5wasm exports one instance only; the module that makes instances lies beside it.
 */
export async function openH5wasm(): Promise<H5wasm> {
  const url = new URL('hdf5_util.js', import.meta.resolve('h5wasm')).href;
  const { default: create } = (await import(url)) as {
    default: (options: object) => Promise<H5wasm>;
  };
  // The library prints its error stacks; what is wrong is told by the errors of fovea.
  return create({ noInitialRun: true, print: ignore, printErr: ignore, stdin: () => null });
}

function ignore(): void {
  // Nothing to do with it.
}

/** A broken instance is simply dropped. */
export function discardH5wasm(): void {
  // Every use has its own.
}
