import type { Command } from 'commander';
import process from 'node:process';
import type { Device } from '../gpu/device.js';
import { defaultDevice, init, shutdown } from '../gpu/init.js';
import { add, matmul } from '../ops/index.js';
import { tensor } from '../tensor.js';
import { printDoctor, printNoGpu } from './doctor_text.js';
import { errorDocument, EXIT, exitCode, printJson } from './exit.js';
import { versions, type Versions } from './versions.js';

/** A feature of the adapter that fovea uses where it is there. */
export interface FeatureReport {
  readonly name: string;
  readonly present: boolean;
  /** What that means, in plain words. */
  readonly meaning: string;
}

/** What `fovea doctor --json` prints; only ever added to. */
export interface DoctorReport {
  readonly schema: 'doctor/1';
  readonly adapter: {
    readonly name: string;
    readonly driver: string;
    readonly source: string;
    readonly class: 'software' | 'gpu';
    readonly backend: string;
    readonly vendor: string;
    readonly architecture: string;
  };
  /** Sources looked at before, and why they could not be used. */
  readonly tried: readonly string[];
  /** In bytes, but `invocationsPerWorkgroup`. */
  readonly limits: {
    readonly buffer: number;
    readonly binding: number;
    readonly workgroupMemory: number;
    readonly invocationsPerWorkgroup: number;
  };
  readonly subgroupSize: number;
  readonly features: readonly FeatureReport[];
  readonly innerLoop: string;
  readonly versions: Versions;
  readonly selfTest: {
    readonly passed: boolean;
    /** Largest error of a matrix product against the CPU, relative to the largest value. */
    readonly largestError: number;
    /** With compiling its kernels, and without. */
    readonly firstMilliseconds: number;
    readonly milliseconds: number;
  };
  readonly advice: readonly string[];
}

/** Adds `fovea doctor`: which GPU was found, what it can do, whether it computes rightly. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('Show which GPU is used, what it can do, and how to get a better one.')
    .option('--json', 'print one JSON document to stdout')
    .addHelpText('after', '\nExamples:\n  fovea doctor\n  fovea doctor --json | jq .adapter.name')
    .action(async (options: { readonly json?: boolean }) => {
      process.exitCode = await doctor(options.json ?? false);
    });
}

async function doctor(json: boolean): Promise<number> {
  try {
    await init({ log: () => undefined });
  } catch (error) {
    if (json) printJson({ ...errorDocument(error), versions: versions() });
    else printNoGpu(error, versions());
    return exitCode(error);
  }
  const report = await examine(defaultDevice());
  shutdown();
  if (json) printJson(report);
  else printDoctor(report);
  return report.selfTest.passed ? EXIT.ok : EXIT.failure;
}

async function examine(device: Device): Promise<DoctorReport> {
  const { info, gpu, innerLoop } = device;
  const { limits } = gpu;
  const [short, ...driver] = info.description.split(':').map((part) => part.trim());
  // Drivers of GPUs tell the device with dashes for blanks; software drivers, only themselves.
  const deviceName = info.device.replaceAll('-', ' ').trim();
  const selfTest = await testSelf();
  return {
    schema: 'doctor/1',
    adapter: {
      name: info.class === 'gpu' && deviceName !== '' ? deviceName : short!,
      driver: driver.length > 0 ? driver.join(': ') : info.description,
      source: info.source,
      class: info.class,
      backend: backend(),
      vendor: info.vendor,
      architecture: info.architecture,
    },
    tried: info.tried,
    limits: {
      buffer: limits.maxBufferSize,
      binding: limits.maxStorageBufferBindingSize,
      workgroupMemory: limits.maxComputeWorkgroupStorageSize,
      invocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
    subgroupSize: info.subgroupSize,
    features: features(device),
    innerLoop,
    versions: versions(),
    selfTest,
    advice: advice(device, selfTest.passed),
  };
}

function backend(): string {
  if (process.platform === 'darwin') return 'Metal';
  return process.platform === 'win32' ? 'Direct3D 12' : 'Vulkan';
}

/** What each feature gives, and what its absence costs. */
const FEATURES: readonly [name: string, present: string, absent: string][] = [
  [
    'subgroups',
    'values pass between lanes without memory',
    'workgroup memory is used instead: slower on software adapters',
  ],
  ['timestamp-query', 'profiles show the time of every kernel', 'profiles have no GPU times'],
  ['shader-f16', 'mixed precision is possible', 'all kernels compute in float32'],
];

function features({ info }: Device): FeatureReport[] {
  return FEATURES.map(([name, yes, no]) => {
    const present = info.features.includes(name);
    const size = info.subgroupSize > 0 ? ` (${info.subgroupSize} lanes)` : ' (varying size)';
    return {
      name,
      present,
      meaning: (present ? yes : no) + (present && name === 'subgroups' ? size : ''),
    };
  });
}

const SIZE = 128;

/** A matrix product on the GPU against the same in float64. */
async function testSelf(): Promise<DoctorReport['selfTest']> {
  const value = (i: number): number => ((i * 7919) % 101) / 101 - 0.5;
  const values = Float32Array.from({ length: SIZE * SIZE }, (_, i) => value(i));
  const times: number[] = [];
  let result = new Float32Array();
  for (let run = 0; run < 2; run++) {
    const begin = performance.now();
    using a = tensor(values, [SIZE, SIZE]);
    using product = matmul(a, a);
    using y = add(product, 1);
    result = (await y.data()) as Float32Array<ArrayBuffer>;
    times.push(performance.now() - begin);
  }
  const expected = multiply(values);
  const scale = Math.max(...expected.map(Math.abs));
  const errors = expected.map((e, i) => Math.abs(result[i]! - e) / scale);
  // NaN is the largest of all.
  const largestError = errors.reduce((most, e) => (e <= most ? most : e), 0);
  const [firstMilliseconds, milliseconds] = times as [number, number];
  return { passed: largestError < 1e-5, largestError, firstMilliseconds, milliseconds };
}

/** a a + 1 in float64. */
function multiply(a: Float32Array): Float64Array {
  return Float64Array.from({ length: SIZE * SIZE }, (_, index) => {
    const row = Math.floor(index / SIZE) * SIZE;
    let sum = 1;
    for (let k = 0; k < SIZE; k++) sum += a[row + k]! * a[k * SIZE + (index % SIZE)]!;
    return sum;
  });
}

function advice({ info }: Device, passed: boolean): string[] {
  const lines: string[] = [];
  if (!passed) {
    lines.push('The GPU computes wrong results: update its driver, and please report this.');
  }
  if (info.source.startsWith('embedded')) {
    lines.push(
      'A system Vulkan driver would be several times faster than the embedded one: install ' +
        '"mesa-vulkan-drivers" 25 or later (Debian 13, Ubuntu 25.04; on Debian 12 it is in ' +
        'bookworm-backports).',
    );
  }
  if (info.class === 'software') {
    lines.push(
      'This adapter computes on the processor. If the machine has a GPU, install the Vulkan driver ' +
        'of its vendor and check that "vulkaninfo --summary" lists it; in a container the GPU has to ' +
        'be passed in (--gpus all with NVIDIA_DRIVER_CAPABILITIES=all, or --device /dev/dri).',
    );
  }
  return lines;
}
