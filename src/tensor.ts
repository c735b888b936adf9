import { accumulateLeaf, backward, type Node } from './autograd.js';
import { FoveaError } from './errors.js';
import { floatToHalf, halfToFloat } from './half.js';
import { now, type Live } from './gpu/commands.js';
import type { Device } from './gpu/device.js';
import { defaultDevice } from './gpu/init.js';
import type { Storage } from './gpu/memory.js';
import { track } from './scope.js';
import { formatShape, sizeOf, type Shape } from './shape.js';

/**
 * Element types. `uint8` is for pictures and masks: it can be made, read and cast. `float16` is for the memory
 * alone: operations compute in float32, and round what they store. It needs the feature 'shader-f16'.
 */
export type DType = 'float32' | 'float16' | 'int32' | 'uint8';

/** Types of real numbers: those of results and gradients. */
export type FloatType = 'float32' | 'float16';

/** The typed array that holds elements of a dtype. */
export type TypedArrayOf<D extends DType = DType> = D extends 'float32' | 'float16'
  ? Float32Array
  : D extends 'int32'
    ? Int32Array
    : Uint8Array;

/** Nested arrays of numbers, as `array()` returns them; a plain number for a scalar. */
export type NestedArray = number | readonly NestedArray[];

/** An n-dimensional array on the GPU, row-major. Its values never change, except by optimizers. */
export class Tensor {
  /** The gradient, once `backward()` has reached this tensor; only where `requiresGrad`. */
  grad: Tensor | undefined;
  /** Where this tensor comes from, on the tape; undefined where no gradient is needed. */
  node: Node | undefined;
  private disposedAt: Error | undefined;

  /**
   * For operations; users call `tensor()`. Takes over one count of `storage`.
   *
   * @param rawStorage the bytes
   */
  constructor(
    readonly device: Device,
    private readonly rawStorage: Storage,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {
    track(this);
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Number of dimensions. */
  get rank(): number {
    return this.shape.length;
  }

  /** Whether `backward()` brings a gradient to (or through) this tensor. */
  get requiresGrad(): boolean {
    return this.node !== undefined;
  }

  /** The bytes on the GPU. Throws DISPOSED after `dispose()`. */
  get storage(): Storage {
    if (this.disposedAt) {
      throw new FoveaError(
        'DISPOSED',
        `a tensor ${formatShape(this.shape)} is used after dispose()`,
        {
          hint: 'The cause below is where it was disposed. Use keep() to take it out of a scope.',
          cause: this.disposedAt,
        },
      );
    }
    return this.rawStorage;
  }

  /** Whether `dispose()` was called. */
  get isDisposed(): boolean {
    return this.disposedAt !== undefined;
  }

  /** Frees the tensor, and what the tape saved for it alone. Calling it again does nothing. */
  dispose(): void {
    if (this.disposedAt) return;
    this.disposedAt = new Error('disposed here');
    this.rawStorage.release();
    this.node?.release();
    this.grad?.dispose();
    this.grad = undefined;
  }

  /** Frees the tensor at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Reads the values. Rejects with a typed error when the work that makes them failed. */
  async data(): Promise<Float32Array | Int32Array | Uint8Array> {
    if (this.size === 0) return typed(this.dtype, new ArrayBuffer(0));
    const bytes = byteLength(this.dtype, this.size);
    return typed(this.dtype, await this.device.recorder.read(this.storage, bytes));
  }

  /** Reads the values as nested arrays; a number for a scalar. */
  async array(): Promise<NestedArray> {
    return nest(await this.data(), this.shape);
  }

  /** Reads the only value of a tensor of one element. */
  async item(): Promise<number> {
    if (this.size !== 1) {
      throw new FoveaError(
        'SHAPE',
        `item: needs one element, got shape ${formatShape(this.shape)}`,
      );
    }
    return (await this.data())[0]!;
  }

  /**
   * Computes the gradient of this tensor with respect to every tensor with `requiresGrad` it was
   * made from, and adds it to their `grad`. The tape behind this tensor is used up.
   *
   * @param seed gradient of this tensor; may be left out for a single element, where it is 1
   */
  backward(seed?: Tensor): void {
    backward(this, seed);
  }

  /** A second handle to the same values, off the tape, with a lifetime of its own. */
  detach(): Tensor {
    return new Tensor(this.device, this.storage.retain(), this.shape, this.dtype);
  }

  /** Short description, without values: those are on the GPU. */
  toString(): string {
    return `Tensor(${this.dtype} ${formatShape(this.shape)})`;
  }
}

/** What `tensor` takes. */
export type TensorValues = NestedArray | Float32Array | Int32Array | Uint8Array | Float64Array;

/** Options of `tensor`. */
export interface TensorOptions {
  /** Default: of the typed array; int32 for an Int32Array; else float32. */
  readonly dtype?: DType;
  /** Whether `backward()` shall bring a gradient to this tensor. */
  readonly requiresGrad?: boolean;
}

/**
 * Makes a tensor from a number, nested arrays or a typed array.
 *
 * @param values the values, row-major. A function gives them again at each step of `fit`, where layers
 *   run once and their commands are replayed: for values that change from step to step
 * @param shape may be left out for numbers and nested arrays
 * @throws FoveaError SHAPE when the number of values is not that of the shape, or arrays are ragged
 */
export function tensor(
  values: Live<TensorValues>,
  shape?: Shape,
  options: TensorOptions = {},
): Tensor {
  const first = now(values);
  const flat = flatten(first);
  const target = shape ?? (ArrayBuffer.isView(first) ? [first.length] : nestedShape(first));
  const dtype = options.dtype ?? dtypeOf(flat);
  const bytesOf = (numbers: FlatValues): ArrayBufferView => {
    checkCount(numbers, target);
    return dtype === 'float16' ? toHalves(numbers) : convert(numbers, dtype);
  };
  const bytes = bytesOf(flat);
  const result = empty(target, dtype);
  if (bytes.byteLength > 0) {
    const again = typeof values === 'function' ? () => bytesOf(flatten(values())) : undefined;
    result.device.recorder.upload(result.storage, bytes, again);
  }
  return options.requiresGrad ? requireGrad(result) : result;
}

/** Calls `use` with values part by part. What a part holds is good until `use` returns. */
export type Parts<Part = Float32Array | Int32Array> = (use: (part: Part) => void) => void;

/** A float32 tensor from its values part by part: all of them need not be in host memory. */
export function tensorOfParts(parts: Parts, shape: Shape): Tensor {
  const result = empty(shape, 'float32');
  uploadParts(result, parts);
  return result;
}

/**
 * Writes values into a tensor, one part after the other.
 *
 * @throws FoveaError SHAPE when they are not as many as the tensor has
 */
export function uploadParts(target: Tensor, parts: Parts): void {
  const { recorder } = target.device;
  let count = 0;
  parts((part) => {
    const at = 4 * count;
    count += part.length;
    if (count <= target.size) recorder.upload(target.storage, part, undefined, at);
  });
  if (count !== target.size) {
    throw new FoveaError('SHAPE', `${count} values do not fill ${target.toString()}`);
  }
}

function checkCount({ length }: FlatValues, shape: Shape): void {
  if (sizeOf(shape) === length) return;
  throw new FoveaError(
    'SHAPE',
    `tensor: ${length} values do not fill shape ${formatShape(shape)} (${sizeOf(shape)} elements)`,
  );
}

/** Marks a tensor as a leaf of the tape: `backward()` will set its `grad`. Returns it. */
export function requireGrad(t: Tensor): Tensor {
  if (!isFloat(t)) {
    throw new FoveaError('ARGUMENT', `only float tensors have gradients, got ${t.dtype}`);
  }
  t.node ??= accumulateLeaf(t);
  return t;
}

/** A tensor of undefined content; operations write every element of it. */
export function empty(shape: Shape, dtype: DType = 'float32'): Tensor {
  const device = defaultDevice();
  if (dtype === 'float16' && !device.gpu.features.has('shader-f16')) {
    throw new FoveaError(
      'ARGUMENT',
      `this adapter has no float16, wanted for ${formatShape(shape)}`,
      {
        hint: 'Use float32. "fovea doctor" shows what the adapter has.',
      },
    );
  }
  return new Tensor(
    device,
    device.memory.allocate(bufferBytes(dtype, sizeOf(shape))),
    shape,
    dtype,
  );
}

const BYTES = { float32: 4, float16: 2, int32: 4, uint8: 1 } as const;

/** Bytes that elements take. */
export function byteLength(dtype: DType, size: number): number {
  return size * BYTES[dtype];
}

/** Bytes of a buffer for elements: at least 16 and whole vec4s, since kernels take four elements at a time. */
export function bufferBytes(dtype: DType, size: number): number {
  return Math.max(16, Math.ceil(byteLength(dtype, size) / 16) * 16);
}

/** Whether the elements are real numbers. */
export function isFloat(tensor: Tensor): tensor is Tensor & { readonly dtype: FloatType } {
  return tensor.dtype === 'float32' || tensor.dtype === 'float16';
}

function typed(dtype: DType, buffer: ArrayBuffer): Float32Array | Int32Array | Uint8Array {
  if (dtype === 'float16') return fromHalves(new Uint16Array(buffer));
  if (dtype === 'float32') return new Float32Array(buffer);
  return dtype === 'int32' ? new Int32Array(buffer) : new Uint8Array(buffer);
}

type FlatValues = Float32Array | Int32Array | Uint8Array | Float64Array | readonly number[];

function dtypeOf(values: FlatValues): DType {
  if (values instanceof Int32Array) return 'int32';
  return values instanceof Uint8Array ? 'uint8' : 'float32';
}

// Loops: `from` with a function makes a list of all values first, which takes long, and has no room for many.

function fromHalves(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) values[i] = halfToFloat(halves[i]!);
  return values;
}

function toHalves(values: FlatValues): Uint16Array {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) halves[i] = floatToHalf(values[i]!);
  return halves;
}

function convert(values: FlatValues, dtype: DType): Float32Array | Int32Array | Uint8Array {
  if (dtype === 'float32')
    return values instanceof Float32Array ? values : Float32Array.from(values);
  if (dtype === 'int32') return values instanceof Int32Array ? values : Int32Array.from(values);
  return values instanceof Uint8Array ? values : Uint8Array.from(values);
}

function nestedShape(values: NestedArray): number[] {
  const shape: number[] = [];
  for (let level = values; typeof level !== 'number'; level = level[0]!) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  return shape;
}

function flatten(values: TensorValues): FlatValues {
  if (ArrayBuffer.isView(values)) return values;
  const shape = nestedShape(values);
  const out: number[] = [];
  const visit = (value: NestedArray, depth: number): void => {
    if (typeof value === 'number' ? depth !== shape.length : value.length !== shape[depth]) {
      throw new FoveaError('SHAPE', 'tensor: nested arrays are ragged', {
        hint: `The first entries suggest shape ${formatShape(shape)}.`,
      });
    }
    if (typeof value === 'number') out.push(value);
    else for (const item of value) visit(item, depth + 1);
  };
  visit(values, 0);
  return out;
}

function nest(values: ArrayLike<number>, shape: Shape): NestedArray {
  const build = (depth: number, offset: number, size: number): NestedArray => {
    if (depth === shape.length) return values[offset]!;
    const step = size / Math.max(1, shape[depth]!);
    return Array.from({ length: shape[depth]! }, (_, i) =>
      build(depth + 1, offset + i * step, step),
    );
  };
  return build(0, 0, values.length);
}
