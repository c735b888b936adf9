import process from 'node:process';
import { openedGpu } from '#host';
import { add } from '../src/ops/index.js';
import type { Library } from './library.js';
import { memory } from './row.js';
import { taskOf } from './task.js';

const SMALL = [1, 1, 1, 4];
const sum = memory(
  {
    ...{ name: 'a small sum', op: 'add', inputs: { x: SMALL, y: SMALL } },
    ...{ result: 'picture', resultShape: SMALL },
    ours:
      ({ x, y }) =>
      () =>
        add(x!, y!),
  },
  12,
);

/**
 * Has a library do what it does once per process, so that this is not in the first call of a row:
 * V8 takes a minute to optimize the wasm of onnxruntime-web when it first runs.
 */
async function wake(library: Library): Promise<void> {
  const prepared = await library.prepare(taskOf(sum));
  if (typeof prepared === 'string') throw new Error(prepared);
  await prepared.start();
  await prepared.finish();
  await prepared.dispose();
}

/** One module per peer, in bench/peers. */
const modules = ['tfjs', 'onnxruntime', 'jax', 'pytorch'] as const;

/** The libraries that fovea is compared with; those that are not installed are reported. */
export async function peers(): Promise<readonly Library[]> {
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu: openedGpu(), userAgent: 'node', platform: process.platform },
    configurable: true,
    writable: true,
  });
  const found: Library[] = [];
  for (const name of modules) {
    try {
      const url = new URL(`./peers/${name}.mjs`, import.meta.url).href;
      const peer = (await import(url)) as { libraries(): Promise<readonly Library[]> };
      const libraries = await peer.libraries();
      for (const library of libraries) await wake(library);
      found.push(...libraries);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      console.error(`${name} cannot be compared: ${reason.split('\n')[0]!}`);
      console.error('To install the peers: npm --prefix bench/peers ci; pip install torch numpy');
    }
  }
  return found;
}
