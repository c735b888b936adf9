import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import type { DoctorReport } from '../src/cli/doctor.js';
import { errorDocument, exitCode } from '../src/cli/exit.js';
import { FoveaError } from '../src/errors.js';
import { fovea, root } from './cli_harness.js';

const NO_GPU = { VK_DRIVER_FILES: '/nonexistent', FOVEA_CACHE: join(root, 'package.json') };
const linux = process.platform === 'linux';

describe('fovea doctor', () => {
  it('prints a report, without colours where nobody sees them', async () => {
    const { code, stdout } = await fovea(['doctor']);
    expect(code).toBe(0);
    expect(stdout).not.toContain('\x1b');
    for (const part of ['driver', 'backend', 'binding', 'subgroups', 'GEMM loop', 'passed']) {
      expect(stdout).toContain(`\n  ${part}`);
    }
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
  });

  it('prints colours when they are asked for, in the same columns', async () => {
    const [plain, coloured] = await Promise.all([
      fovea(['doctor']),
      fovea(['doctor'], { FORCE_COLOR: '1' }),
    ]);
    expect(coloured.stdout).toContain('\x1b[1m');
    // eslint-disable-next-line no-control-regex
    const stripped = coloured.stdout.replace(/\x1b\[\d+m/g, '');
    const times = /[\d.e-]+ ms|[\d.]+e-\d+/g;
    expect(stripped.replace(times, '').replace(/ +/g, ' ')).toBe(
      plain.stdout.replace(times, '').replace(/ +/g, ' '),
    );
  });

  it('prints one JSON document and nothing else on stdout', async () => {
    const { code, stdout } = await fovea(['doctor', '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as DoctorReport;
    expect(report.schema).toBe('doctor/1');
    expect(report.adapter.name).not.toBe('');
    expect(report.limits.binding).toBeGreaterThanOrEqual(128 * 2 ** 20);
    expect(report.features.map(({ name }) => name)).toEqual([
      'subgroups',
      'timestamp-query',
      'shader-f16',
    ]);
    expect(report.versions.webgpu).toMatch(/^\d+\.\d+\.\d+$/);
    expect(report.selfTest).toMatchObject({ passed: true });
    expect(report.selfTest.milliseconds).toBeGreaterThan(0);
  });

  it.runIf(linux)('says what was tried and what to install without a GPU', async () => {
    const { code, stdout } = await fovea(['doctor'], NO_GPU);
    expect(code).toBe(3);
    expect(stdout).toContain('✗ no usable GPU. Tried:\n  - system Vulkan: ');
    expect(stdout).toContain('\n  - embedded SwiftShader: ');
    expect(stdout).toContain('mesa-vulkan-drivers');
    expect(stdout).toContain('\nVersions\n');
  });

  it.runIf(linux)('answers in JSON without a GPU', async () => {
    const { code, stdout } = await fovea(['doctor', '--json'], NO_GPU);
    expect(code).toBe(3);
    const { error } = JSON.parse(stdout) as ReturnType<typeof errorDocument>;
    expect(error.code).toBe('NO_GPU');
    expect(error.message).toContain('Tried:');
  });
});

describe('fovea', () => {
  it('prints version and help on stdout', async () => {
    expect(await fovea(['--version'])).toMatchObject({ code: 0, stdout: '0.1.0\n', stderr: '' });
    const help = await fovea(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('doctor');
    expect(help.stdout).toContain('Exit codes:');
  });

  it.each([
    [['docto'], '(Did you mean doctor?)'],
    [['doctor', '--jsn'], '(Did you mean --json?)'],
    [['doctor', 'extra'], 'too many arguments'],
    [[], 'Usage: fovea'],
  ])('%j is a usage error', async (args, message) => {
    const { code, stdout, stderr } = await fovea(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('answers usage errors in JSON when JSON was asked for', async () => {
    const { code, stdout } = await fovea(['doctor', '--json', '--bogus']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'USAGE' } });
  });
});

it.each([
  ['NO_GPU', 3],
  ['FILE', 4],
  ['DATA', 4],
  ['LIMIT', 7],
  ['OUT_OF_MEMORY', 7],
  ['SHAPE', 4],
  ['ARGUMENT', 2],
] as const)('%s ends with exit code %i', (code, exit) => {
  const error = new FoveaError(code, 'text');
  expect(exitCode(error)).toBe(exit);
  expect(errorDocument(error)).toEqual({ error: { code, message: 'text' } });
});

it('anything else ends with exit code 1', () => {
  expect(exitCode(new Error('text'))).toBe(1);
  expect(errorDocument('text')).toEqual({ error: { code: 'FAILURE', message: 'text' } });
});
