import { readFileSync } from 'node:fs';
import { FoveaError } from '../src/errors.js';
import type { AdapterInfo } from '../src/gpu/device.js';
import type { Missing, Result } from './measure.js';
import type { Report } from './report.js';

/** More than this times the base is a regression. */
const SLOWER = 1.15;

/**
 * Reads what `--json` wrote.
 *
 * @throws FoveaError FILE when it is something else, or from another adapter
 */
export function readBase(path: string, adapter: AdapterInfo): Report {
  const base = parse(path) as Partial<Report> | null;
  if (!Array.isArray(base?.results) || base.adapter === undefined) {
    throw new FoveaError('FILE', `${path} is not a benchmark file`, {
      hint: 'Write one with "npm run bench -- --json FILE".',
    });
  }
  if (base.adapter.description !== adapter.description) {
    throw new FoveaError(
      'FILE',
      `${path} is of another adapter: ${base.adapter.description}, here is ${adapter.description}`,
      { hint: 'Compare numbers of one machine only.' },
    );
  }
  return base as Report;
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FoveaError('FILE', `cannot read ${path}: ${(error as Error).message}`);
  }
}

/** Prints new/old of fovea's minimum on each row that both have; tells whether none is much slower. */
export function compare(base: Report, results: readonly (Result | Missing)[]): boolean {
  const before = new Map(base.results.filter(isOurs).map((each) => [each.row, each]));
  const now = results.filter(isOurs).filter(({ row }) => before.has(row));
  console.log(`\nfovea, minimum now / then (${now.length} rows)`);
  const slower = now.filter(({ row, minMs }) => {
    const then = before.get(row)!.minMs;
    const isSlower = minMs > SLOWER * then;
    const times = `${minMs.toFixed(1).padStart(8)} / ${then.toFixed(1).padStart(8)} ms`;
    console.log(`  x${(minMs / then).toFixed(2)} ${times}  ${row}${isSlower ? '  SLOWER' : ''}`);
    return isSlower;
  });
  return slower.length === 0;
}

function isOurs(result: Result | Missing): result is Result {
  return result.library === 'fovea' && 'minMs' in result;
}
