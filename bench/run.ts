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
import { init } from '../src/gpu/init.js';
import { fovea } from './fovea.js';
import { measure, type Missing, type Result } from './measure.js';
import { peers } from './peers.js';
import { printRow, type Report } from './report.js';
import { measureRoofline } from './roofline.js';
import { rows } from './rows.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    only: { type: 'string' },
    full: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});

const adapter = await init({ log: () => undefined });
const roofline = await measureRoofline();
const libraries = [fovea, ...(await peers())];
const results: (Result | Missing)[] = [];
console.log(adapter.description, roofline);
for (const row of rows) {
  if (values.only !== undefined && !row.name.includes(values.only)) continue;
  if (row.full && !values.full) continue;
  const measured = await measure(row, libraries, Number(values.rounds));
  results.push(...measured);
  printRow(measured, roofline);
}
if (values.json !== undefined) {
  const report: Report = { adapter, roofline, results };
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
process.exit(0);
