/**
 * Times the rows on fovea and on its peers: `npm run bench -- [--rounds 10] [--only TEXT] [--json FILE]`.
 *
 * All libraries use the same adapter in one process, under the same calmed polling of the Node
 * binding. Each row is first run to warm up (compilation is reported apart as "first"), then the
 * libraries take turns, and minimum and median are printed. Every run ends when the GPU has finished.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { openedGpu } from '#host';
import { init } from '../src/gpu/init.js';
import { fovea } from './fovea.js';
import { rows, type Row } from './rows.js';

interface Result {
  readonly row: string;
  readonly library: string;
  readonly firstMs: number;
  readonly minMs: number;
  readonly medianMs: number;
  /** In the unit of the row, from the median. */
  readonly rate: number;
}

type Work = () => Promise<void>;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});

const adapter = await init({ log: () => undefined });
const libraries = [[fovea.name, await fovea.prepare()] as const, ...(await peers())];
const results: Result[] = [];
console.log(`${adapter.description} (${adapter.source}), ${cpus().length} x ${cpus()[0]!.model}`);
for (const row of rows) {
  if (values.only !== undefined && !row.name.includes(values.only)) continue;
  const measured = await measure(row, Number(values.rounds));
  results.push(...measured);
  print(row, measured);
}
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify({ adapter, results }, null, 2)}\n`);
}
process.exit(0);

async function peers(): Promise<(readonly [string, Readonly<Record<string, Work>>])[]> {
  try {
    const url = new URL('./peers/tfjs.mjs', import.meta.url).href;
    const tfjs = (await import(url)) as {
      name: string;
      prepare(gpu: GPU): Promise<Readonly<Record<string, Work>>>;
    };
    return [[tfjs.name, await tfjs.prepare(openedGpu())]];
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error('The peers are not installed: run "npm --prefix bench/peers ci" to compare.');
    return [];
  }
}

async function measure(row: Row, rounds: number): Promise<Result[]> {
  const works = libraries.map(([library, all]) => ({
    library,
    work: all[row.name]!,
    times: [] as number[],
  }));
  const first: number[] = [];
  for (const { work } of works) {
    first.push(await timed(work));
    await timed(work);
  }
  for (let round = 0; round < rounds; round++) {
    for (const { work, times } of works) times.push(await timed(work));
  }
  return works.map(({ library, times }, i) => {
    times.sort((p, q) => p - q);
    const medianMs = times[times.length >> 1]!;
    return {
      row: row.name,
      library,
      firstMs: first[i]!,
      minMs: times[0]!,
      medianMs,
      rate: row.amount / medianMs / 1e6,
    };
  });
}

async function timed(work: Work): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function print(row: Row, measured: readonly Result[]): void {
  console.log(row.name);
  for (const { library, firstMs, minMs, medianMs, rate } of measured) {
    const ratio = medianMs / measured[0]!.medianMs;
    console.log(
      `  ${library.padEnd(20)} first ${firstMs.toFixed(0).padStart(6)} ms   min ${minMs.toFixed(1).padStart(7)}` +
        `   median ${medianMs.toFixed(1).padStart(7)} ms   ${rate.toFixed(1).padStart(6)} ${row.unit}   x${ratio.toFixed(1)}`,
    );
  }
}
