import { setTimeout } from 'node:timers/promises';
import { Random } from '../src/random.js';
import { amountOf, taskOf } from './task.js';
import type { Library, Prepared, Task } from './library.js';
import type { Row } from './row.js';

/** The times of a library on a row. */
export interface Result {
  readonly row: string;
  readonly library: string;
  readonly firstMs: number;
  readonly minMs: number;
  readonly medianMs: number;
  /** By the median, in the unit. */
  readonly rate: number;
  readonly unit: Row['unit'];
}

/** Why a library has no times. */
export interface Missing {
  readonly row: string;
  readonly library: string;
  readonly reason: string;
}

interface Runner {
  readonly library: string;
  readonly place: Library['place'];
  readonly prepared: Prepared;
  readonly firstMs: number;
  readonly secondMs: number;
  /** The result of the first call. */
  readonly gave: Float32Array;
  readonly times: number[];
}

/** How often and how long. */
export interface Turns {
  readonly rounds: number;
  /** What a turn takes at least, in ms: as many calls as that needs, one after the other. */
  readonly leastMs: number;
}

/** For so long nobody has a turn after a library for the CPU: its threads still spin, waiting for more to do. */
const SPIN_MS = 50;

/**
 * Times a row: every library is prepared, run twice to warm up and compared with the first library;
 * then they take turns, each time in another order: what one leaves behind (garbage, cold caches) slows the next one
 * down.
 */
export async function measure(
  row: Row,
  libraries: readonly Library[],
  { rounds, leastMs }: Turns,
): Promise<(Result | Missing)[]> {
  const task = taskOf(row);
  const runners: (Runner | Missing)[] = [];
  let expected: Float32Array | undefined;
  for (const library of libraries) {
    const runner = await begin(library, task, expected);
    if ('prepared' in runner) expected ??= runner.gave;
    runners.push(runner);
  }
  const ready = runners.filter((runner) => 'prepared' in runner);
  const random = new Random(1);
  for (let round = 0; round < rounds; round++) {
    for (const runner of random.shuffle([...ready])) {
      const calls = Math.max(1, Math.ceil(leastMs / runner.secondMs));
      runner.times.push((await timed(runner.prepared, calls)) / calls);
      if (runner.place === 'cpu') await setTimeout(SPIN_MS);
    }
  }
  for (const runner of ready) await runner.prepared.dispose();
  task.dispose();
  const amount = amountOf(row);
  return runners.map((runner) => ('prepared' in runner ? summary(row, amount, runner) : runner));
}

/** First calls, and the comparison with what fovea gave. */
async function begin(
  library: Library,
  task: Task,
  expected: Float32Array | undefined,
): Promise<Runner | Missing> {
  const named = { row: task.row.name, library: library.name };
  // Compiling takes some peers minutes.
  console.error(`warming up: ${named.row}, ${named.library}`);
  let prepared: Prepared | string;
  try {
    prepared = await library.prepare(task);
    if (typeof prepared === 'string') return { ...named, reason: prepared };
    const firstMs = await timed(prepared);
    const gave = await prepared.result();
    const tolerance = Math.max(task.row.tolerance ?? 1e-3, library.tolerance ?? 0);
    const wrong = expected && difference(gave, expected, tolerance);
    if (wrong !== undefined) {
      await prepared.dispose();
      return { ...named, reason: wrong };
    }
    const secondMs = await timed(prepared);
    const { name, place } = library;
    return { library: name, place, prepared, firstMs, secondMs, gave, times: [] };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { ...named, reason: `fails: ${text.split('\n')[0]!.slice(0, 120)}` };
  }
}

/** What is wrong with a result, if anything. */
function difference(
  got: Float32Array,
  expected: Float32Array,
  tolerance: number,
): string | undefined {
  if (got.length !== expected.length) {
    return `wrong result: ${got.length} values for ${expected.length}`;
  }
  let [least, most, off] = [Infinity, -Infinity, 0];
  for (const [i, value] of expected.entries()) {
    least = Math.min(least, value);
    most = Math.max(most, value);
    const error = Math.abs(got[i]! - value);
    off = Number.isNaN(error) ? Infinity : Math.max(off, error);
  }
  // The probabilities of an untrained network are all nearly equal: what counts is how they differ.
  const scale = expected.length > 1 ? most - least : Math.abs(most);
  return off <= tolerance * scale
    ? undefined
    : `wrong result: off by ${((100 * off) / scale).toPrecision(2)} % of the range of values`;
}

function summary(row: Row, amount: number, { library, firstMs, times }: Runner): Result {
  const sorted = times.toSorted((p, q) => p - q);
  const medianMs = sorted[sorted.length >> 1]!;
  const { name, unit } = row;
  const rate = amount / medianMs / 1e6;
  return { row: name, library, firstMs, minMs: sorted[0]!, medianMs, rate, unit };
}

/** How long so many calls take until they are finished, in ms. */
export async function timed({ start, finish }: Prepared, calls = 1): Promise<number> {
  const begin = performance.now();
  for (let i = 0; i < calls; i++) await start();
  await finish();
  return performance.now() - begin;
}
