// The child process of cold.ts: runs one row of one library once.
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { init } from '../src/gpu/init.js';
import type { Once } from './cold.js';
import { fovea } from './fovea.js';
import { timed } from './measure.js';
import { peers } from './peers.js';
import { rows } from './rows.js';
import { taskOf } from './task.js';

const [libraryName, rowName] = process.argv.slice(2);

async function once(): Promise<Once> {
  await init({ log: () => undefined });
  const libraries = libraryName === fovea.name ? [fovea] : await peers();
  const library = libraries.find(({ name }) => name === libraryName)!;
  const prepared = await library.prepare(taskOf(rows.find(({ name }) => name === rowName)!));
  if (typeof prepared === 'string') return { reason: prepared };
  const firstMs = await timed(prepared);
  return { firstMs, peakMiB: peakMiB() };
}

/** The largest resident size: on Linux `maxRSS` begins with that of the parent, which holds all libraries. */
function peakMiB(): number {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const own = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1];
  return Number(own ?? process.resourceUsage().maxRSS) / 1024;
}

const message = await once().catch((error: unknown): Once => ({
  reason: `fails: ${String(error)}`,
}));
process.send!(message, () => process.exit(0));
