import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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

// Contexts made from here on have it. Code that was not used for some collections would have to be compiled again.
setFlagsFromString('--expose-gc');
setFlagsFromString('--no-flush-bytecode');
const collectGarbage = runInNewContext('gc') as () => void;

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

/** Threads of libraries for the CPU spin for so long, waiting for more to do. */
const SPIN_MS = 20;

/** Calls below that are warmed up at each turn, in ms: longer ones do that themselves. */
const SHORT_MS = 100;

/**
 * Times a row: every library is prepared, run twice to warm up and compared with the first library;
 * then they take turns, each time in another order. What one leaves behind (garbage, spinning threads, cold caches) would
 * slow the next one down: it is cleared up before the clock starts.
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
  let before: Library['place'] | undefined;
  for (let round = 0; round < rounds; round++) {
    for (const runner of random.shuffle([...ready])) {
      collectGarbage();
      if (before === 'cpu') await setTimeout(SPIN_MS);
      if (runner.secondMs < SHORT_MS) await timed(runner.prepared);
      const calls = Math.max(1, Math.ceil(leastMs / runner.secondMs));
      runner.times.push((await timed(runner.prepared, calls)) / calls);
      before = runner.place;
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
