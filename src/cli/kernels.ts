import type { Command } from 'commander';
import process from 'node:process';
import { FoveaError } from '../errors.js';
import type { Device } from '../gpu/device.js';
import { defaultDevice, init, shutdown } from '../gpu/init.js';
import { shaderSources } from '../shaders/embedded.js';
import type { Shape } from '../shape.js';
import { printJson } from './exit.js';
import { checkSizes, KERNEL_OPS, kernelOp, type KernelOp } from './kernel_ops.js';
import { kernelsOf, measure, type Candidate } from './kernel_times.js';
import { measurePeak } from './peak.js';
import { shape, withJson } from './model.js';

interface KernelFlags {
  readonly shape?: Shape;
  readonly wgsl?: string;
  readonly json?: boolean;
}

/** Adds `fovea kernels [OP --shape ...]`. */
export function addKernels(program: Command): void {
  const command = program
    .command('kernels')
    .description('List operations and kernels, or the ways to compute one, with their times.')
    .argument('[op]', KERNEL_OPS.map(({ name }) => name).join(', '))
    .option('--shape <sizes>', 'sizes of the operation, as "fovea kernels" lists them', shape)
    .option('--wgsl <kernel>', 'print the expanded WGSL of a kernel that the operation uses')
    .addHelpText(
      'after',
      '\nExamples:\n  fovea kernels\n  fovea kernels matmul --shape 512,512,512\n' +
        '  fovea kernels conv2d --shape 8,56,56,64,64,3,1 --wgsl gemm_simt',
    );
  withJson(command).action(async (name: string | undefined, flags: KernelFlags) => {
    if (name === undefined) {
      list(flags);
      return;
    }
    const op = kernelOp(name);
    if (!flags.shape) {
      throw new FoveaError('ARGUMENT', `kernels: ${name} needs --shape ${op.sizes}`, {
        hint: `For example --shape ${op.example}.`,
      });
    }
    checkSizes(op, flags.shape);
    await init({ log: () => undefined });
    try {
      if (flags.wgsl === undefined) await times(defaultDevice(), op, flags.shape, flags);
      else wgsl(defaultDevice(), op, flags.shape, flags.wgsl, flags);
    } finally {
      shutdown();
    }
  });
}

function list({ shape: sizes, wgsl: kernel, json }: KernelFlags): void {
  if (sizes || kernel !== undefined) {
    throw new FoveaError('ARGUMENT', 'kernels: --shape and --wgsl need an operation', {
      hint: 'For example "fovea kernels matmul --shape 512,512,512".',
    });
  }
  const kernels = Object.entries(shaderSources)
    .filter(([name]) => !name.startsWith('lib/'))
    .map(([name, text]) => ({ name, formula: text.slice(3, text.indexOf('\n')) }));
  const operations = KERNEL_OPS.map(({ name, sizes: all, example }) => {
    return { name, sizes: all, example };
  });
  if (json) {
    printJson({ operations, kernels });
    return;
  }
  print([
    'Operations, and what --shape means',
    ...operations.map(({ name, sizes: all }) => `  ${name.padEnd(14)}${all}`),
    '\nKernels',
    ...kernels.map(({ name, formula }) => `  ${name.padEnd(26)}${formula}`),
  ]);
}

function wgsl(
  device: Device,
  op: KernelOp,
  sizes: Shape,
  name: string,
  { json }: KernelFlags,
): void {
  const work = op.make(sizes);
  const kernels = kernelsOf(device, () => work.run());
  work.dispose();
  const found = kernels.filter((kernel) => kernel.name === name);
  if (found.length === 0) {
    const names = [...new Set(kernels.map((kernel) => kernel.name))];
    throw new FoveaError('ARGUMENT', `kernels: ${op.name} does not use '${name}' here`, {
      hint: `It uses ${names.join(', ')}.`,
    });
  }
  if (json) printJson(found.map(({ flags, text }) => ({ name, flags, wgsl: text })));
  else print(found.map(({ flags, text }) => `// ${name} ${JSON.stringify(flags)}\n${text}`));
}

async function times(
  device: Device,
  op: KernelOp,
  sizes: Shape,
  { json }: KernelFlags,
): Promise<void> {
  const peak = await measurePeak(device);
  const work = op.make(sizes);
  const candidates = await measure(device, work, peak);
  work.dispose();
  const why = reason(device, candidates);
  if (json) {
    const { flops, bytes } = work;
    printJson({
      ...{ adapter: device.info.description, op: op.name, shape: sizes, flops, bytes },
      ...{ peak, candidates, reason: why },
    });
    return;
  }
  const roof = `${rate(peak.flopsPerSecond / 1e9)} GFLOP/s, ${rate(peak.bytesPerSecond / 1e9)} GB/s`;
  print([
    `${op.name} ${sizes.join(',')} on ${device.info.description}`,
    `at most ${roof} (measured)\n`,
    `  ${'loop'.padEnd(8)}${'tiles'.padEnd(28)}${'ms'.padStart(10)}${'GFLOP/s'.padStart(10)}` +
      `${'GB/s'.padStart(9)}${'roofline'.padStart(10)}  kernels`,
    ...candidates.map(row),
    `\n* ${why}`,
  ]);
}

function row(candidate: Candidate): string {
  const { innerLoop, way, milliseconds, gflops, gigabytesPerSecond, share, kernels } = candidate;
  return (
    `${candidate.isChosen ? '*' : ' '} ${innerLoop.padEnd(8)}${way.padEnd(28)}` +
    `${milliseconds.toFixed(3).padStart(10)}${rate(gflops).padStart(10)}` +
    `${rate(gigabytesPerSecond).padStart(9)}${`${(100 * share).toFixed(0)} %`.padStart(10)}` +
    `  ${kernels.join(', ')}`
  );
}

function reason({ info, innerLoop, tuner }: Device, candidates: readonly Candidate[]): string {
  const chosen = candidates.find(({ isChosen }) => isChosen);
  const loop = `${innerLoop}, since this is a ${info.class} adapter`;
  if (!chosen || chosen.way === '') return `chosen: ${loop}`;
  const rule = tuner.isActive
    ? 'was fastest when it was first used'
    : 'is what the fixed rule says';
  return `chosen: ${loop}; ${chosen.way} ${rule}`;
}

function rate(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
