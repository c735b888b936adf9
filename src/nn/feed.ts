import { FoveaError } from '../errors.js';
import { Random } from '../random.js';
import { cast } from '../ops/index.js';
import type { Shape } from '../shape.js';
import { empty, Tensor, tensor } from '../tensor.js';
import type { OutputPlan } from './compile.js';
import {
  arraysOf,
  batches,
  buildFor,
  checkCount,
  checkFinite,
  checkSamples,
  hostArray,
  range,
  shapeOf,
  type ArrayInput,
  type BatchSource,
  type HostArray,
  type Inputs,
} from './data.js';
import { LEFT_OUT, type Dataset } from './dataset.js';
import { checkedTargets, targetType, type Examples, type WeightOptions } from './examples.js';
import type { Model } from './model.js';
import { deriveSeed, STREAM } from './seeds.js';

/** What `fit` and `evaluate` take from a data set at each step. */
export interface Batch {
  /** Samples [n, ...inputShape], as for `fit`. Tensors are freed after the step. */
  readonly x: Inputs;
  /** Targets, one per sample. */
  readonly y: Inputs;
  /** One number per sample [n]. */
  readonly sampleWeight?: Inputs;
}

/** Where the batches of `fit` and `evaluate` come from. */
export interface Feed {
  /** Number of batches in a pass. */
  readonly steps: number;
  /** What the batches are taken from. */
  readonly examples: Examples;
  /**
   * Makes one batch after the other current, from number `first` on.
   *
   * @param epoch number of the pass, for the order of the samples
   * @returns the rows of `examples` that are the batch; nothing where it had to be left out
   */
  pass(epoch: number, first: number): AsyncIterable<Int32Array | undefined>;
  /** What the current batch is made of: of equal layouts, the same commands compute. */
  readonly layout: string;
}

/** Batches of arrays that are there as a whole. */
export class ArrayFeed implements Feed {
  readonly layout = '';

  /** @param shuffleSeed decides the order of each pass; undefined: the order of the samples */
  constructor(
    readonly examples: Examples,
    private readonly batchSize: number,
    private readonly shuffleSeed?: () => number,
  ) {}

  get steps(): number {
    return Math.ceil(this.examples.indices.length / this.batchSize);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- other feeds wait
  async *pass(epoch: number, first: number): AsyncGenerator<Int32Array> {
    const order = this.examples.indices.slice();
    if (this.shuffleSeed) {
      new Random(deriveSeed(this.shuffleSeed(), STREAM.epochs, epoch)).shuffle(order);
    }
    yield* batches(order, this.batchSize).slice(first);
  }
}

/** A checked batch. */
interface Checked {
  readonly x: readonly (Tensor | HostArray)[];
  readonly y: readonly HostArray[];
  readonly weights: readonly (HostArray | undefined)[];
  readonly count: number;
}

/** Batches of a data set, each made and checked when it is needed. */
export class DatasetFeed implements Feed {
  private current: Checked | undefined;

  constructor(
    private readonly where: string,
    private readonly model: Model,
    private readonly plans: readonly OutputPlan[],
    private readonly dataset: Dataset<Batch>,
    private readonly options: Pick<WeightOptions, 'classWeight'>,
  ) {}

  /** Of the current batch. */
  get examples(): Examples {
    const { x, weights } = this.now;
    return {
      x: x.map((_, i) => sourceOf(() => this.now.x[i]!, 'float32')),
      y: this.plans.map((plan, i) => sourceOf(() => this.now.y[i]!, targetType(plan))),
      weights: weights.map((each, i) => each && sourceOf(() => this.now.weights[i]!, 'float32')),
      indices: range(0, this.now.count),
    };
  }

  get steps(): number {
    return this.dataset.size;
  }

  get layout(): string {
    const { x, weights } = this.now;
    return [...x.map(kindOf), ...weights.map((each) => (each ? 'weighted' : ''))].join();
  }

  async *pass(epoch: number, first: number): AsyncGenerator<Int32Array | undefined> {
    let isEmpty = true;
    for await (const batch of this.dataset.pass(epoch, first, free)) {
      if (batch === LEFT_OUT) {
        yield undefined;
        continue;
      }
      isEmpty = false;
      try {
        this.current = await this.check(batch);
        yield range(0, this.current.count);
      } finally {
        this.current = undefined;
        free(batch);
      }
    }
    if (isEmpty && first < this.steps) {
      throw new FoveaError('DATA', `${this.where}: nothing of the data set could be read`);
    }
  }

  private get now(): Checked {
    if (!this.current) throw new Error('there is no current batch');
    return this.current;
  }

  private async check({ x, y, sampleWeight }: Batch): Promise<Checked> {
    const { where, model, plans } = this;
    const names = model.inputNames;
    const inputs: (Tensor | HostArray)[] = [];
    for (const [i, array] of arraysOf(`${where}: x`, x, names).entries()) {
      const label = names.length === 1 ? where : `${where}: ${names[i]!}`;
      checkSamples(label, shapeOf(array), model.inputs[i]!.shape);
      inputs.push(await checkedInput(label, array));
      checkCount(label, 'x', shapeOf(array)[0]!, shapeOf(inputs[0]!)[0]!);
    }
    const count = shapeOf(inputs[0]!)[0]!;
    const { targets, weights } = await checkedTargets(where, model, plans, y, count, {
      ...this.options,
      sampleWeight,
    });
    return {
      x: inputs,
      y: targets,
      weights: weights.map((data) => data && { data, shape: [count] }),
      count,
    };
  }
}

/** Tensors stay where they are, unread. */
async function checkedInput(where: string, array: ArrayInput): Promise<Tensor | HostArray> {
  if (array instanceof Tensor) return array;
  const host = await hostArray(`${where}: x`, array);
  checkFinite(where, 'x', host);
  return host;
}

function kindOf(x: Tensor | HostArray): string {
  if (x instanceof Tensor) return `tensor ${x.dtype}`;
  return x.data instanceof Uint8Array ? 'bytes' : 'numbers';
}

/** The current batch, which is taken as a whole. */
function sourceOf(current: () => Tensor | HostArray, dtype: 'float32' | 'int32'): BatchSource {
  return { take: () => uploaded(current, dtype), dispose: () => undefined };
}

/** The current batch on the GPU; pictures are uploaded as bytes. */
function uploaded(current: () => Tensor | HostArray, dtype: 'float32' | 'int32'): Tensor {
  const first = current();
  const { shape } = first;
  if (first instanceof Tensor)
    return cast(
      copied(() => current() as Tensor, shape),
      'float32',
    );
  const values = (): HostArray['data'] => (current() as HostArray).data;
  const bytes = dtype === 'float32' && first.data instanceof Uint8Array;
  return bytes
    ? cast(tensor(values, shape, { dtype: 'uint8' }), 'float32')
    : tensor(values, shape, { dtype });
}

function copied(source: () => Tensor, shape: Shape): Tensor {
  const { dtype, device, storage } = source();
  const copy = empty(shape, dtype);
  device.recorder.copy(() => source().storage, 0, copy.storage, 0, storage.bytes);
  return copy;
}

/**
 * Builds a model that has no input shape yet for the samples of a data set.
 *
 * @throws FoveaError DATA when there are none
 */
export async function buildForDataset(model: Model, dataset: Dataset<Batch>): Promise<void> {
  if (model.isBuilt) return;
  for await (const batch of dataset.pass(0, 0, free)) {
    if (batch === LEFT_OUT) continue;
    buildFor(model, batch.x);
    free(batch);
    return;
  }
}

/** Frees the tensors of a batch. */
function free({ x, y, sampleWeight }: Batch): void {
  for (const part of [x, y, sampleWeight]) {
    if (ArrayBuffer.isView(part)) continue;
    const values: unknown[] = part instanceof Tensor ? [part] : Object.values(part ?? {});
    for (const value of values) if (value instanceof Tensor) value.dispose();
  }
}
