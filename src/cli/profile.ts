import type { Command } from 'commander';
import { FoveaError } from '../errors.js';
import type { DispatchTime } from '../gpu/profiler.js';
import { defaultDevice, init } from '../gpu/init.js';
import { loadModel } from '../io/model.js';
import * as applications from '../models/applications.js';
import { cifar10Net } from '../models/cifar10.js';
import { zooName } from '../models/zoo.js';
import { macsOf } from '../nn/macs.js';
import type { Model } from '../nn/model.js';
import { randomUniform } from '../random.js';
import { printJson } from './exit.js';
import { integer, withJson } from './model.js';

interface ProfileFlags {
  readonly batchSize: number;
  readonly runs: number;
  readonly top?: number;
  readonly json?: boolean;
}

/** Adds `fovea profile MODEL`. */
export function addProfile(program: Command): void {
  const command = program
    .command('profile')
    .description('Time a prediction on the GPU, layer by layer.')
    .argument('<model>', 'a file (.keras, .h5 ...), or a network with random weights: resnet50')
    .option('--batch-size <n>', 'samples of the prediction', integer(1), 1)
    .option('--runs <n>', 'of which the median of each layer counts', integer(1), 5)
    .option('--top <n>', 'only the layers that take most time', integer(1));
  withJson(command).action(async (name: string, flags: ProfileFlags) => {
    const adapter = await init();
    if (!defaultDevice().profiler.available) {
      throw new FoveaError('NO_GPU', 'profile: this adapter has no timestamp queries', {
        hint: 'Times of layers cannot be taken on it.',
      });
    }
    const model = await open(name);
    const { first, layers } = await profile(model, flags);
    const total = layers.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    const rows = layers.map((layer) => ({ ...layer, share: layer.milliseconds / total }));
    if (flags.json) {
      printJson({
        ...{ model: model.name, adapter: adapter.description, batchSize: flags.batchSize },
        ...{ firstCallMilliseconds: first, milliseconds: total, layers: rows },
      });
    } else process.stdout.write(table(rows, total, first, flags.top));
    model.dispose();
  });
}

async function open(name: string): Promise<Model> {
  if (/\.(keras|h5|json)$/.test(name)) return loadModel(name);
  if (name === 'cifar10') return cifar10Net({ seed: 1 });
  return applications[zooName(name)]({ seed: 1 });
}

/** What one layer, or several that run as one, takes. */
interface LayerTime {
  readonly layer: string;
  readonly kernels: readonly string[];
  /** On the GPU: the median of the runs. */
  readonly milliseconds: number;
  /** Multiply-accumulates count two; null where there are none. */
  readonly gflopsPerSecond: number | null;
  /** Of everything that its kernels are given. */
  readonly bytes: number;
  readonly gigabytesPerSecond: number;
}

async function profile(
  model: Model,
  { batchSize, runs }: ProfileFlags,
): Promise<{ readonly first: number; readonly layers: readonly LayerTime[] }> {
  const { profiler } = defaultDevice();
  const inputs = model.inputs.map(({ shape }) => randomUniform([batchSize, ...shape], { seed: 1 }));
  const predict = async (): Promise<void> => {
    const results = await model.predictAll(inputs, { batchSize });
    await Promise.all(results.map((result) => result.data()));
    for (const result of results) result.dispose();
  };
  const begin = performance.now();
  await predict();
  const first = performance.now() - begin;
  const times: DispatchTime[][] = [];
  profiler.active = true;
  for (let run = 0; run <= runs; run++) {
    profiler.times.length = 0;
    await predict();
    // The first of them is warm up.
    if (run > 0) times.push([...profiler.times]);
  }
  profiler.active = false;
  for (const input of inputs) input.dispose();
  return { first, layers: byLayer(model, times, batchSize) };
}

function byLayer(
  model: Model,
  runs: readonly (readonly DispatchTime[])[],
  batchSize: number,
): LayerTime[] {
  const macs = new Map<string, number>();
  for (const call of model.graph.calls) {
    macs.set(call.layer.name, (macs.get(call.layer.name) ?? 0) + macsOf(call));
  }
  const places = [...new Set(runs[0]!.map(({ place }) => place))];
  return places.map((place) => {
    const own = runs.map((times) => times.filter((time) => time.place === place));
    const sums = own.map((times) => times.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0));
    const nanoseconds = sums.sort((a, b) => a - b)[sums.length >> 1]!;
    const bytes = own[0]!.reduce((sum, time) => sum + time.bytes, 0);
    // Of the layers of a model inside, only the whole is known.
    const names = place.split('/')[0]!.split(' + ');
    const count = place.includes('/')
      ? 0
      : names.reduce((sum, name) => sum + (macs.get(name) ?? 0), 0);
    return {
      layer: place === '' ? '(inputs and outputs)' : place,
      kernels: [...new Set(own[0]!.map(({ kernel }) => kernel))],
      milliseconds: nanoseconds / 1e6,
      gflopsPerSecond: count > 0 ? (2 * count * batchSize) / nanoseconds : null,
      bytes,
      gigabytesPerSecond: bytes / nanoseconds,
    };
  });
}

type Row = LayerTime & { readonly share: number };

function table(all: readonly Row[], total: number, first: number, top: number | undefined): string {
  const rows =
    top === undefined
      ? all
      : [...all].sort((a, b) => b.milliseconds - a.milliseconds).slice(0, top);
  const width = Math.max(...rows.map(({ layer }) => layer.length), 5);
  const head = `${'layer'.padEnd(width)}        ms   share  GFLOP/s     MB    GB/s  kernels\n`;
  const lines = rows.map(
    ({ layer, kernels, milliseconds, gflopsPerSecond, bytes, gigabytesPerSecond, share }) =>
      [
        layer.padEnd(width),
        milliseconds.toFixed(3).padStart(10),
        `${(100 * share).toFixed(1)} %`.padStart(8),
        (gflopsPerSecond?.toFixed(1) ?? '').padStart(9),
        (bytes / 1e6).toFixed(1).padStart(7),
        gigabytesPerSecond.toFixed(1).padStart(8),
        `  ${kernels.join(', ')}\n`,
      ].join(''),
  );
  return (
    `${head}${lines.join('')}\n${total.toFixed(1)} ms on the GPU; ` +
    `the first call took ${(first / 1000).toFixed(1)} s, with compiling\n`
  );
}
