import process from 'node:process';
import pc from 'picocolors';
import type { DoctorReport } from './doctor.js';
import type { Versions } from './versions.js';

const colour = pc.createColors(
  pc.isColorSupported && (process.stdout.isTTY || Boolean(process.env['FORCE_COLOR'])),
);
const LABEL = 15;
const WIDTH = 88;

/** Prints a report for people. */
export function printDoctor(report: DoctorReport): void {
  const { adapter, limits, selfTest } = report;
  const kind = adapter.class === 'gpu' ? 'a GPU' : 'a software GPU';
  const ms = (time: number): string => `${time.toFixed(time < 10 ? 1 : 0)} ms`;
  print([
    section(`${colour.green('✓')} ${adapter.name}`, `${kind}, from ${adapter.source}`),
    row('driver', adapter.driver),
    row('backend', `${adapter.backend}, ${adapter.vendor} ${adapter.architecture}`),
    ...report.tried.map((line) => row('tried first', line)),
    section('Limits'),
    row('buffer', bytes(limits.buffer), 'largest tensor'),
    row('binding', bytes(limits.binding), 'what a kernel sees at once; more works in windows'),
    row(
      'workgroup',
      bytes(limits.workgroupMemory),
      `${limits.invocationsPerWorkgroup} invocations`,
    ),
    section('Features'),
    ...report.features.map(({ name, present, meaning }) =>
      row(name, present ? 'yes' : 'no', meaning),
    ),
    row('GEMM loop', report.innerLoop, INNER_LOOPS[report.innerLoop] ?? ''),
    section('Self-test'),
    row(
      selfTest.passed ? colour.green('passed') : colour.red('failed'),
      ms(selfTest.milliseconds),
      `matrix product, ${ms(selfTest.firstMilliseconds)} the first time, ` +
        `largest error ${selfTest.largestError.toExponential(1)}`,
    ),
    ...versionLines(report.versions),
    ...(report.advice.length > 0 ? [section('Advice'), ...report.advice.flatMap(paragraph)] : []),
  ]);
}

/** Prints what was tried where no GPU was found. */
export function printNoGpu(error: unknown, versions: Versions): void {
  const message = error instanceof Error ? error.message : String(error);
  const [first, ...rest] = message.split('\n');
  print([section(`${colour.red('✗')} ${first!}`), ...rest, ...versionLines(versions)]);
}

const INNER_LOOPS: Readonly<Record<string, string>> = {
  lanes: 'subgroup broadcasts, for software adapters',
  simt: 'tiles in workgroup memory, for GPUs',
  sgmat: 'matrix units',
  direct: 'the general kernels',
};

function versionLines(versions: Versions): string[] {
  const { fovea, node, platform, webgpu, swiftshader } = versions;
  const missing = 'not installed';
  return [
    section('Versions'),
    row('fovea', fovea, `Node ${node}, ${platform}`),
    row('webgpu', webgpu ?? missing, 'Dawn'),
    row('swiftshader', swiftshader ?? missing, 'package @sparticuz/chromium: the embedded adapter'),
  ];
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n').trimStart()}\n`);
}

function section(title: string, note = ''): string {
  return `\n${colour.bold(title)}${note === '' ? '' : `  ${colour.dim(note)}`}`;
}

function row(label: string, value: string, note = ''): string {
  // Escape sequences take no room on the screen.
  // eslint-disable-next-line no-control-regex
  const room = ' '.repeat(Math.max(0, LABEL - label.replace(/\x1b\[\d+m/g, '').length));
  const tail = note === '' ? '' : `  ${colour.dim(note)}`;
  return `  ${label}${room}  ${note === '' ? value : value.padEnd(9)}${tail}`;
}

/** Breaks a text into indented lines. */
function paragraph(text: string): string[] {
  const lines = ['  -'];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)!} ${word}`;
    if (line.length <= WIDTH) lines[lines.length - 1] = line;
    else lines.push(`    ${word}`);
  }
  return lines;
}

function bytes(count: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'];
  const power = Math.min(3, Math.floor(Math.log2(Math.max(1, count)) / 10 + 1e-9));
  return `${Number((count / 1024 ** power).toFixed(1))} ${units[power]!}`;
}
