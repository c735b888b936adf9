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
import { FoveaError } from '../src/errors.js';
import { init } from '../src/gpu/init.js';
import { firstCalls, isColdRow, type First } from './cold.js';
import { compare, readBase } from './compare.js';
import { fovea } from './fovea.js';
import type { Library } from './library.js';
import { measure, type Missing, type Result } from './measure.js';
import { peers } from './peers.js';
import { describe, markdown, printFirsts, printRow, type Report } from './report.js';
import { measureRoofline, type Roofline } from './roofline.js';
import type { Row } from './row.js';
import { rows } from './rows.js';

const help = `npm run bench -- [options]
  --only TEXT       rows with TEXT in their names
  --full            also the long rows
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
  const chosen = rows.filter(
    ({ name, full }) => name.includes(options.only) && (options.full || !full),
  );
  const rounds = Number(options.rounds);
  if (chosen.length === 0) throw new FoveaError('ARGUMENT', `no row has "${options.only}" in it`);
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    throw new FoveaError('ARGUMENT', `--rounds must be a positive number, got ${options.rounds}`);
  }
  const roofline = await measureRoofline();
  console.log(describe(adapter, roofline));
  const libraries = [fovea, ...(options.alone ? [] : await peers())];
  const firsts = options.cold ? await coldRuns(chosen, libraries) : [];
  const results = options.cold ? [] : await steadyRuns(chosen, libraries, rounds, roofline);
  const report: Report = { adapter, roofline, results, firsts };
  if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(report, null, 2));
  if (options.markdown !== undefined) writeFileSync(options.markdown, `${markdown(report)}\n`);
  return base === undefined || compare(base, results);
}

async function steadyRuns(
  chosen: readonly Row[],
  libraries: readonly Library[],
  rounds: number,
  roofline: Roofline,
): Promise<(Result | Missing)[]> {
  const results: (Result | Missing)[] = [];
  for (const row of chosen) {
    const measured = await measure(row, libraries, rounds);
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
