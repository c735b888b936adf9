import { cpus } from 'node:os';
import process from 'node:process';
import type { AdapterInfo } from '../src/gpu/device.js';
import type { First } from './cold.js';
import type { Missing, Result } from './measure.js';
import type { Row } from './row.js';

/** What the adapter can do at most, in the units of the rows. */
export type Roofline = Readonly<Record<Row['unit'], number>>;

/** What `--json` writes. */
export interface Report {
  readonly adapter: AdapterInfo;
  readonly roofline: Roofline;
  readonly results: readonly (Result | Missing)[];
  /** With `--cold`. */
  readonly firsts: readonly First[];
}

/** Says what the numbers were measured on. */
export function describe({ description, source }: AdapterInfo, roofline: Roofline): string {
  const limits = Object.entries(roofline).map(([unit, value]) => `${value.toFixed(1)} ${unit}`);
  return [
    `${description} (${source}), ${cpus().length} x ${cpus()[0]!.model}, Node ${process.versions.node}`,
    `the adapter reaches ${limits.join(' and ')}`,
  ].join('; ');
}

const RESULT_HEAD = [
  ...['one call', 'library', 'first call', 'minimum', 'median', 'rate', 'of the limit'],
  'time / fovea',
];

/** A line per library of a row, for the screen and for tables. */
function cells(measured: readonly (Result | Missing)[], roofline: Roofline): string[][] {
  const ours = measured.find(({ library }) => library === 'fovea');
  return measured.map((each) => {
    if ('reason' in each) return [each.row, each.library, each.reason, '', '', '', '', ''];
    const { row, library, firstMs, minMs, medianMs, rate, unit } = each;
    const ratio = ours && 'medianMs' in ours ? (medianMs / ours.medianMs).toFixed(2) : '';
    return [
      ...[row, library, ms(firstMs, 0), ms(minMs), ms(medianMs), `${rate.toFixed(1)} ${unit}`],
      ...[`${((100 * rate) / roofline[unit]).toFixed(0)} %`, ratio],
    ];
  });
}

function ms(time: number, digits = 1): string {
  return `${time.toFixed(digits)} ms`;
}

/** Prints one row: a line per library. */
export function printRow(measured: readonly (Result | Missing)[], roofline: Roofline): void {
  console.log(`\n${measured[0]!.row}`);
  for (const [, library, first, ...rest] of cells(measured, roofline)) {
    const numbers = rest.map((cell) => cell.padStart(14)).join('');
    console.log(`  ${library!.padEnd(30)}${first!.padStart(10)}${numbers}`.trimEnd());
  }
}

/** Prints the times of first calls. */
export function printFirsts(firsts: readonly First[]): void {
  console.log(`\n${table(FIRST_HEAD, firsts.map(firstCells))}`);
}

const FIRST_HEAD = ['one call in a new process', 'library', 'empty cache', 'warm cache', 'memory'];

function firstCells({ row, library, coldMs, warmMs, peakMiB, reason }: First): string[] {
  if (reason !== undefined) return [row, library, reason, '', ''];
  const memory = peakMiB === undefined ? '' : `${peakMiB.toFixed(0)} MiB`;
  return [row, library, ms(coldMs, 0), ms(warmMs, 0), memory];
}

/** The tables for docs/benchmarks.md. */
export function markdown({ adapter, roofline, results, firsts }: Report): string {
  const rows = [...new Set(results.map(({ row }) => row))];
  const lines = rows.flatMap((row) =>
    cells(
      results.filter((each) => each.row === row),
      roofline,
    ),
  );
  return [
    `${describe(adapter, roofline)}.`,
    ...(lines.length > 0 ? [table(RESULT_HEAD, lines)] : []),
    ...(firsts.length > 0 ? [table(FIRST_HEAD, firsts.map(firstCells))] : []),
  ].join('\n\n');
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...lines].map((line) => line[i]!.length)));
  const text = (line: readonly string[]): string =>
    `| ${line.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [text(head), text(widths.map((width) => '-'.repeat(width))), ...lines.map(text)].join(
    '\n',
  );
}
