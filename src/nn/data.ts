import { FoveaError } from '../errors.js';
import { defaultDevice } from '../gpu/init.js';
import { gather } from '../ops/index.js';
import { keep } from '../scope.js';
import { formatShape, sizeOf, stridesOf, type Shape } from '../shape.js';
import { empty, Tensor, tensor } from '../tensor.js';

/** Numbers in memory. */
export type Values = Float32Array | Float64Array | Int32Array | Uint8Array | readonly number[];

/** An array in memory: values, row-major, and their shape. */
export interface HostArray {
  readonly data: Values;
  readonly shape: Shape;
}

/** What models take: a tensor, an array with its shape, or a plain list of numbers. */
export type ArrayInput = Tensor | HostArray | Values;

/**
 * What models with several inputs (or outputs) take: a list in the model's order, or an object with
 * the names as keys. Models with one take an `ArrayInput`.
 */
export type Inputs = ArrayInput | readonly ArrayInput[] | Readonly<Record<string, ArrayInput>>;

/** Larger arrays stay in memory, and are uploaded batch by batch. */
const MAX_RESIDENT_BYTES = 256 * 2 ** 20;

/** What a batch is taken from at each step. */
export interface BatchSource {
  /** The samples of these numbers, as one batch; asked again at each step. */
  take(indices: () => Int32Array): Tensor;
  dispose(): void;
}

/** Samples that can be picked by number. */
export interface Rows extends BatchSource {
  readonly count: number;
  /** The samples from number `first` to before `end`. */
  slice(first: number, end: number): Tensor;
}

function isArrayInput(value: unknown): value is ArrayInput {
  if (value instanceof Tensor || ArrayBuffer.isView(value)) return true;
  if (value instanceof Array) return value.every((each) => typeof each === 'number');
  return typeof value === 'object' && value !== null && 'data' in value && 'shape' in value;
}

/**
 * One entry for each name.
 *
 * @param what for errors: 'fit: x'
 * @throws FoveaError ARGUMENT when there are too few, too many or other names
 */
export function perName<T>(
  what: string,
  given: T | readonly T[] | Readonly<Record<string, T>>,
  names: readonly string[],
  isOne: (value: unknown) => value is T,
): (T | undefined)[] {
  if (isOne(given)) {
    if (names.length === 1) return [given];
    throw new FoveaError('ARGUMENT', `${what}: got one entry, the model has ${names.join(', ')}`);
  }
  if (given instanceof Array) {
    if (given.length === names.length) return [...given];
    throw new FoveaError(
      'ARGUMENT',
      `${what}: got ${given.length} entries, the model has ${names.length}: ${names.join(', ')}`,
    );
  }
  const record = given;
  for (const key of Object.keys(record)) {
    if (names.includes(key)) continue;
    throw new FoveaError(
      'ARGUMENT',
      `${what}: there is no '${key}'; the names are ${names.join(', ')}`,
    );
  }
  return names.map((name) => record[name]);
}

/** The arrays of all inputs, or targets of all outputs. Throws ARGUMENT when one is missing. */
export function arraysOf(what: string, given: Inputs, names: readonly string[]): ArrayInput[] {
  const arrays: unknown[] = perName<ArrayInput>(what, given, names, isArrayInput);
  return arrays.map((array, i) => {
    if (isArrayInput(array)) return array;
    throw new FoveaError(
      'ARGUMENT',
      `${what}: '${names[i]!}' is ${array === undefined ? 'missing' : 'no array'}`,
      { hint: 'Pass a tensor, or { data, shape }.' },
    );
  });
}

/** What is needed of a model to check data for it. */
interface Takes {
  readonly inputs: readonly { readonly name: string; readonly shape: Shape }[];
  readonly isBuilt: boolean;
  ensureBuilt(sampleShape: Shape): void;
}

/** Builds a model that has no input shape yet for samples like these. */
export function buildFor(model: Pick<Takes, 'isBuilt' | 'ensureBuilt'>, x: Inputs): void {
  if (!model.isBuilt && isArrayInput(x)) model.ensureBuilt(shapeOf(x).slice(1));
}

/**
 * Checks the inputs of a model, and makes them ready to be taken in batches.
 *
 * @param checked whether values that are no finite numbers are refused
 */
export async function inputRows(
  where: string,
  model: Takes,
  x: Inputs,
  checked = false,
): Promise<{ readonly rows: readonly Rows[]; readonly count: number }> {
  buildFor(model, x);
  const names = model.inputs.map(({ name }) => name);
  const rows: Rows[] = [];
  try {
    for (const [i, array] of arraysOf(`${where}: x`, x, names).entries()) {
      const label = names.length === 1 ? where : `${where}: ${names[i]!}`;
      checkSamples(label, shapeOf(array), model.inputs[i]!.shape);
      const host = checked ? await hostArray(`${label}: x`, array) : undefined;
      if (host) checkFinite(label, 'x', host);
      rows.push(await sampleRows(label, array, host));
      checkCount(label, 'x', rows.at(-1)!.count, rows[0]!.count);
    }
  } catch (error) {
    for (const each of rows) each.dispose();
    throw error;
  }
  return { rows, count: rows[0]!.count };
}

/** Throws unless arrays have the same number of samples. */
export function checkCount(where: string, name: string, got: number, count: number): void {
  if (got === count) return;
  throw new FoveaError('SHAPE', `${where}: ${name} has ${got} samples, others have ${count}`);
}

/** Brings an input to memory; a tensor is read. Throws SHAPE when values and shape disagree. */
export async function hostArray(name: string, input: ArrayInput): Promise<HostArray> {
  if (input instanceof Tensor) return { data: await input.data(), shape: input.shape };
  if (!('shape' in input)) return { data: input, shape: [input.length] };
  const { data, shape } = input;
  if (sizeOf(shape) === data.length) return { data, shape };
  throw new FoveaError(
    'SHAPE',
    `${name}: ${data.length} values do not fill shape ${formatShape(shape)} ` +
      `(${sizeOf(shape)} elements)`,
  );
}

/** Shape of an input, without reading it. */
export function shapeOf(input: ArrayInput): Shape {
  return 'shape' in input ? input.shape : [input.length];
}

/**
 * Samples for batches: on the GPU at once where they fit and are used more than once, else uploaded
 * when they are taken.
 *
 * @param host the values of `x`, where they have been read for several uses
 */
export async function sampleRows(where: string, x: ArrayInput, host?: HostArray): Promise<Rows> {
  const limit = Math.min(MAX_RESIDENT_BYTES, defaultDevice().bindingLimit);
  const fits = sizeOf(shapeOf(x)) * 4 <= limit;
  if (x instanceof Tensor && x.dtype === 'float32' && fits) return deviceRows(x.detach());
  if (host && fits) return deviceRows(tensor(host.data, host.shape, { dtype: 'float32' }));
  return hostRows(host ?? (await hostArray(`${where}: x`, x)), 'float32');
}

/** Targets for batches. They are few bytes, and are uploaded with their batch. */
export function targetRows(y: HostArray, dtype: 'float32' | 'int32'): Rows {
  return hostRows(y, dtype);
}

function deviceRows(all: Tensor): Rows {
  keep(all);
  return {
    count: all.shape[0]!,
    take: (indices) => gather(all, tensor(indices)),
    slice: (first, end) => sliceOf(all, first, end),
    dispose: () => all.dispose(),
  };
}

function sliceOf(all: Tensor, first: number, end: number): Tensor {
  const [count = 0, ...rest] = all.shape;
  if (end - first === count) return all.detach();
  const part = empty([end - first, ...rest]);
  const rowBytes = 4 * sizeOf(rest);
  const { recorder } = all.device;
  recorder.copy(all.storage, first * rowBytes, part.storage, 0, (end - first) * rowBytes);
  return part;
}

function hostRows({ data, shape }: HostArray, dtype: 'float32' | 'int32'): Rows {
  const size = sizeOf(shape.slice(1));
  const Batch = dtype === 'float32' ? Float32Array : Int32Array;
  const shapeOf = (count: number): Shape => [count, ...shape.slice(1)];
  const pick = (indices: Int32Array): Float32Array | Int32Array => {
    const batch = new Batch(indices.length * size);
    indices.forEach((row, i) => {
      for (let k = 0; k < size; k++) batch[i * size + k] = data[row * size + k]!;
    });
    return batch;
  };
  return {
    count: shape[0]!,
    take: (indices) => tensor(() => pick(indices()), shapeOf(indices().length), { dtype }),
    slice: (first, end) => {
      const [from, to] = [first * size, end * size];
      const values = ArrayBuffer.isView(data) ? data.subarray(from, to) : data.slice(from, to);
      return tensor(values, shapeOf(end - first), { dtype });
    },
    dispose: () => undefined,
  };
}

/** The shape of a batch as Keras writes it: (None, 8, 8, 1). */
export function formatBatch(sampleShape: Shape): string {
  return `(None, ${sampleShape.join(', ')})`.replace('(None, )', '(None)');
}

/** Throws unless `shape` is a batch, not empty, of samples of `expected`. */
export function checkSamples(where: string, shape: Shape, expected: Shape): void {
  const same = shape.length === expected.length + 1 && expected.every((n, i) => n === shape[i + 1]);
  if (!same) {
    throw new FoveaError(
      'SHAPE',
      `${where}: x has shape (${shape.join(', ')}), expected ${formatBatch(expected)}`,
      { hint: sampleHint(shape, expected) },
    );
  }
  if (shape[0] === 0) throw new FoveaError('DATA', `${where}: x is empty, there are no samples`);
}

function sampleHint(shape: Shape, expected: Shape): string {
  const [channels, wanted] = [shape.at(-1), expected.at(-1)];
  if (shape.length === expected.length + 1 && channels !== wanted) {
    return `The model takes ${wanted ?? 0} channels, the data have ${channels ?? 0}.`;
  }
  if (shape.length === expected.length) {
    return wanted === 1 && shape.at(-1) === expected.at(-2)
      ? 'The dimension of channels is missing: a grey picture has one channel.'
      : 'The batch dimension is missing: one sample is a batch of one.';
  }
  return 'Reshape or resize the data, or change the shape in layers.input().';
}

/** Throws at the first value that is no finite number, and says where it is. */
export function checkFinite(where: string, name: string, { data, shape }: HostArray): void {
  if (data instanceof Int32Array || data instanceof Uint8Array) return;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    throw new FoveaError('DATA', `${where}: ${name}${position(i, shape)} is ${String(data[i])}`, {
      hint: 'Remove or repair such samples: one of them makes all weights NaN.',
    });
  }
}

/** Where element `index` is: [3, 0, 1]. */
export function position(index: number, shape: Shape): string {
  return formatShape(stridesOf(shape).map((stride, i) => Math.floor(index / stride) % shape[i]!));
}

/** The numbers first, first + 1, ... before `end`. */
export function range(first: number, end: number): Int32Array {
  return Int32Array.from({ length: end - first }, (_, i) => first + i);
}

/** Cuts indices into batches; the last one may be smaller. */
export function batches(indices: Int32Array, batchSize: number): Int32Array[] {
  return Array.from({ length: Math.ceil(indices.length / batchSize) }, (_, i) =>
    indices.slice(i * batchSize, (i + 1) * batchSize),
  );
}

/** Throws unless it is a positive integer. */
export function checkBatchSize(where: string, batchSize: number): void {
  if (Number.isInteger(batchSize) && batchSize >= 1) return;
  throw new FoveaError(
    'ARGUMENT',
    `${where}: batchSize must be a positive integer, got ${String(batchSize)}`,
  );
}
