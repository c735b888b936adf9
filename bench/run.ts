/**
 * Times the rows on fovea and on its peers: `npm run bench -- --help` lists the options.
 *
 * All libraries use the same adapter in one process, under the same calmed polling of the Node
 * binding. Each row is first run to warm up (the first call is reported apart), results are compared
 * with fovea's, then the libraries take turns. Every run ends when its work is finished.
 */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { measurePeak } from '../src/cli/peak.js';
import { FoveaError } from '../src/errors.js';
import { defaultDevice, init } from '../src/gpu/init.js';
import { firstCalls, isColdRow, type First } from './cold.js';
import { compare, readBase } from './compare.js';
import { fovea, foveaMixed } from './fovea.js';
import type { Library } from './library.js';
import { measure, type Missing, type Result, type Turns } from './measure.js';
import { peers } from './peers.js';
import { describe, markdown, printFirsts, printRow, type Report, type Roofline } from './report.js';
import type { Row } from './row.js';
import { rows } from './rows.js';

const help = `npm run bench -- [options]
  --only TEXT       rows with TEXT in their names
  --full            also the long rows
  --gpu             instead: rows that fill a GPU, also in float16; libraries for the CPU stay out
  --alone           fovea only, without peers
  --rounds N        calls of each library on each row (default 10)
  --cold            instead: first calls in new processes, with an empty and with a filled shader cache
  --json FILE       writes the numbers
  --markdown FILE   writes the tables
  --compare FILE    prints new/old against a file of --json; exit code 1 if a row is 15 % slower`;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    full: { type: 'boolean', default: false },
    gpu: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '10' },
    cold: { type: 'boolean', default: false },
    json: { type: 'string' },
    markdown: { type: 'string' },
    compare: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** Whether no row has become much slower. */
async function main(): Promise<boolean> {
  const adapter = await init({ log: () => undefined });
  const base = options.compare === undefined ? undefined : readBase(options.compare, adapter);
  const chosen = rows.filter(({ name, set }) => name.includes(options.only) && isWanted(set));
  const rounds = Number(options.rounds);
  if (chosen.length === 0) throw new FoveaError('ARGUMENT', `no row has "${options.only}" in it`);
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    throw new FoveaError('ARGUMENT', `--rounds must be a positive number, got ${options.rounds}`);
  }
  const { flopsPerSecond, bytesPerSecond } = await measurePeak(defaultDevice());
  const roofline: Roofline = { 'GFLOP/s': flopsPerSecond / 1e9, 'GB/s': bytesPerSecond / 1e9 };
  console.log(describe(adapter, roofline));
  const others = options.alone ? [] : await peers();
  const libraries = options.gpu
    ? [fovea, foveaMixed, ...others.filter(({ place }) => place === 'gpu')]
    : [fovea, ...others];
  const firsts = options.cold ? await coldRuns(chosen, libraries) : [];
  // A GPU is done with a small call sooner than the host notices.
  const turns: Turns = { rounds, leastMs: adapter.class === 'gpu' ? 10 : 0 };
  const results = options.cold ? [] : await steadyRuns(chosen, libraries, turns, roofline);
  const report: Report = { adapter, roofline, results, firsts };
  if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(report, null, 2));
  if (options.markdown !== undefined) writeFileSync(options.markdown, `${markdown(report)}\n`);
  return base === undefined || compare(base, results);
}

/** Whether the rows of a set are to be run. */
function isWanted(set: Row['set']): boolean {
  if (options.gpu) return set === 'gpu';
  return set === undefined || (set === 'long' && options.full);
}

async function steadyRuns(
  chosen: readonly Row[],
  libraries: readonly Library[],
  turns: Turns,
  roofline: Roofline,
): Promise<(Result | Missing)[]> {
  const results: (Result | Missing)[] = [];
  for (const row of chosen) {
    const measured = await measure(row, libraries, turns);
    results.push(...measured);
    printRow(measured, roofline);
  }
  return results;
}

async function coldRuns(chosen: readonly Row[], libraries: readonly Library[]): Promise<First[]> {
  const firsts: First[] = [];
  for (const row of chosen.filter(isColdRow)) {
    for (const library of libraries.filter(({ place }) => place === 'gpu')) {
      firsts.push(await firstCalls(row, library));
    }
  }
  printFirsts(firsts);
  return firsts;
}

if (options.help) {
  console.log(help);
} else {
  try {
    process.exitCode = (await main()) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof FoveaError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}
// The binding would keep the process alive.
process.exit();
