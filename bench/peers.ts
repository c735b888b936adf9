import process from 'node:process';
import { openedGpu } from '#host';
import type { Library } from './library.js';

/** One module per peer, in bench/peers. */
const modules = ['tfjs', 'onnxruntime', 'jax'] as const;

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
      found.push(...(await peer.libraries()));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      console.error(`${name} cannot be compared: ${reason.split('\n')[0]!}`);
      console.error('To install the peers: npm --prefix bench/peers ci');
    }
  }
  return found;
}
