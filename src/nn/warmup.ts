import { noGrad } from '../autograd.js';
import { compileKernels, type CompileOptions } from '../gpu/compile.js';
import type { Device } from '../gpu/device.js';
import { defaultDevice } from '../gpu/init.js';
import { fill } from '../ops/index.js';
import { scope } from '../scope.js';
import { sizeOf, type Shape } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import { checkBatchSize, type HostArray } from './data.js';
import type { Model } from './model.js';
import { Session } from './session.js';

/** Options of `Model.warmup`. */
export interface WarmupOptions extends CompileOptions {
  /** Of one sample, for models that have none yet. */
  readonly inputShape?: Shape;
  /** Samples of a batch, as for `fit` and `predict`. Default 32. */
  readonly batchSize?: number;
  /** Whether a training step is made ready, and not a prediction. Default false. */
  readonly training?: boolean;
}

/** What `Model.warmup` returns. */
export interface WarmupResult {
  /** Number of different pipelines that the model needs. */
  readonly pipelines: number;
  readonly milliseconds: number;
}

/** See `Model.warmup`. */
export async function warmup(model: Model, options: WarmupOptions): Promise<WarmupResult> {
  const { inputShape, batchSize = 32, training = false } = options;
  checkBatchSize('warmup', batchSize);
  options.signal?.throwIfAborted();
  if (inputShape) model.computeOutputShapes([inputShape]);
  const shapes = model.inputs.map(({ shape }) => [batchSize, ...shape]);
  if (!training) {
    const inputs = shapes.map((shape) => fill(shape, 0));
    try {
      return await run(() => noGrad(() => void model.callAll(inputs)), [], options);
    } finally {
      for (const each of inputs) each.dispose();
    }
  }
  const session = new Session('warmup', model, { batchSize });
  try {
    session.checkTrainable();
    const y = session.plans.map(({ loss, output }) =>
      zeros([batchSize, ...(loss?.isSparse ? output.shape.slice(0, -1) : output.shape)]),
    );
    const step = session.stepOn(await session.load(shapes.map(zeros), y, {}));
    const { optimizer } = session.how;
    const state = optimizer.state(model.weights).values();
    const scale = session.lossScale?.state().values() ?? [];
    const values = model.weights.map(({ value }) => value);
    return await run(step, [...values, ...state, ...scale], options);
  } finally {
    session.dispose();
  }
}

function zeros(shape: Shape): HostArray {
  return { data: new Float32Array(sizeOf(shape)), shape };
}

/**
 * Compiles what a step needs, and runs it once.
 *
 * @param changed what the step changes: has its values of before afterwards
 */
async function run(
  step: () => void,
  changed: readonly Tensor[],
  options: WarmupOptions,
): Promise<WarmupResult> {
  const begin = performance.now();
  const device = defaultDevice();
  const { recorder, tuner } = device;
  const before = changed.map((each) => copyOf(device, each));
  const plan = device.capture(() => scope(step));
  try {
    await compileKernels(device, plan.kernels, options);
    recorder.replay(plan);
    if (tuner.isActive) scope(step);
    changed.forEach((each, i) => copyTo(device, before[i]!, each));
    await recorder.finish();
    await tuner.settled();
    return { pipelines: plan.kernels.size, milliseconds: performance.now() - begin };
  } finally {
    recorder.release(plan);
    for (const each of before) each.dispose();
  }
}

function copyOf(device: Device, source: Tensor): Tensor {
  const copy = empty(source.shape, source.dtype);
  copyTo(device, source, copy);
  return copy;
}

function copyTo({ recorder }: Device, source: Tensor, target: Tensor): void {
  recorder.copy(source.storage, 0, target.storage, 0, source.storage.bytes);
}
