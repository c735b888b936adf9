import { FoveaError } from '../../errors.js';
import type { H5wasm } from './h5wasm.js';

let shared: Promise<H5wasm> | undefined;
let broken = false;

/** The page's only instance of the HDF5 library: bundlers see no other export of h5wasm. */
export async function openH5wasm(): Promise<H5wasm> {
  if (broken) {
    throw new FoveaError('FILE', 'A damaged file broke the HDF5 library of this page.', {
      hint: 'Reload the page to read further HDF5 files.',
    });
  }
  shared ??= load();
  return shared;
}

/** The library keeps the `console.error` of its start, for its error stacks: it gets a silent one. */
async function load(): Promise<H5wasm> {
  const { error } = console;
  console.error = () => undefined;
  try {
    const { ready } = await import('h5wasm');
    return await ready;
  } finally {
    console.error = error;
  }
}

/** Says that the instance is not to be used again. */
export function discardH5wasm(): void {
  broken = true;
}
