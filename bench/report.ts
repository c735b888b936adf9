import type { AdapterInfo } from '../src/gpu/device.js';
import type { Missing, Result } from './measure.js';
import type { Roofline } from './roofline.js';

/** What `--json` writes. */
export interface Report {
  readonly adapter: AdapterInfo;
  readonly roofline: Roofline;
  readonly results: readonly (Result | Missing)[];
}

/** Prints one row: a line per library. */
export function printRow(measured: readonly (Result | Missing)[], roofline: Roofline): void {
  const [ours] = measured;
  console.log(`\n${ours!.row}`);
  for (const each of measured) {
    const name = each.library.padEnd(29);
    console.log(`  ${name} ${'reason' in each ? each.reason : numbers(each, ours!, roofline)}`);
  }
}

function numbers(result: Result, ours: Result | Missing, roofline: Roofline): string {
  const { firstMs, minMs, medianMs, rate, unit } = result;
  const ratio = 'reason' in ours ? '' : `x${(medianMs / ours.medianMs).toFixed(2)}`;
  return [
    `first ${firstMs.toFixed(0).padStart(6)} ms`,
    `min ${minMs.toFixed(1).padStart(8)} ms`,
    `median ${medianMs.toFixed(1).padStart(8)} ms`,
    `${rate.toFixed(1).padStart(7)} ${unit}`,
    `${((100 * rate) / roofline[unit]).toFixed(0).padStart(3)} %`,
    ratio,
  ].join('  ');
}
