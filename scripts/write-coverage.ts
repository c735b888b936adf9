// Writes docs/ops.md from the case tables of the tests: `npm run docs`.
import { writeFileSync } from 'node:fs';
import { families } from '../tests/cases/index.js';
import { coverageRows, coverageTable } from '../tests/coverage.js';

const intro = `# Operations and how they are tested

Made by \`npm run docs\` from the tables that the tests run. Every case compares the result with a
float64 reference in plain TypeScript; every gradient case compares each gradient with a float64
gradient (written by hand, or central differences of the float64 forward pass), and once more along a
random direction. Outputs are filled with NaN first. Convolutions and matrix products run three times:
with the inner loop of the adapter, with the one for GPUs, and with the general kernels.

`;
writeFileSync(
  new URL('../docs/ops.md', import.meta.url),
  `${intro}${coverageTable(coverageRows(families))}\n`,
);
