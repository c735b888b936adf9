import { FoveaError } from '../errors.js';
import type { Kernel } from '../gpu/kernel.js';
import type { Binding, Params } from '../gpu/commands.js';
import type { Flags } from '../gpu/template.js';
import type { Device } from '../gpu/device.js';
import { formatShape, gcd } from '../shape.js';
import { bufferBytes, byteLength, type Tensor } from '../tensor.js';

/** A tensor as a kernel sees it: whole, or some of its elements. */
export type Operand = Tensor | Part;

/** A range of elements of a tensor; `start` is a multiple of `align` in its `Bounds`. */
export interface Part {
  readonly tensor: Tensor;
  readonly start: number;
  readonly count: number;
}

/**
 * Runs the kernel `name` with compile-time `flags`: the bridge from tensors to the GPU. Operands
 * are named as in the WGSL.
 *
 * @param op the operation, for errors and profiles
 * @param groups number of workgroups
 * @throws FoveaError LIMIT when an operand is larger than one binding may be
 */
export function run(
  op: string,
  name: string,
  flags: Flags,
  operands: Readonly<Record<string, Operand>>,
  params: Params,
  groups: number,
): void {
  const { device } = tensorOf(Object.values(operands)[0]!);
  runKernel(op, device.kernels.get(name, flags, halvesOf(operands)), operands, params, groups);
}

/** `run` with a kernel at hand. */
export function runKernel(
  op: string,
  kernel: Kernel,
  operands: Readonly<Record<string, Operand>>,
  params: Params,
  groups: number,
): void {
  if (groups === 0) return;
  const { device } = tensorOf(Object.values(operands)[0]!);
  const bindings: Record<string, Binding> = {};
  for (const [key, operand] of Object.entries(operands)) {
    if (tensorOf(operand).device !== device) throw foreign(op, operand);
    bindings[key] = bindingOf(op, operand);
  }
  const label = (): string => `${op} ${Object.entries(operands).map(describe).join(' ')}`;
  device.recorder.dispatch({ kernel, bindings, params, workgroups: groups, label });
}

const WG = 64;

/** Items that an invocation does on a software adapter. */
const SOFTWARE_EACH = 4;

/** `run` for the kernels of lib/items, for `count` items. */
export function runItems(
  op: string,
  name: string,
  flags: Flags,
  operands: Readonly<Record<string, Operand>>,
  params: Params,
  count: number,
): void {
  const EACH = eachOf(operands);
  const groups = Math.ceil(count / (WG * EACH));
  run(op, name, { WG, EACH, ...flags }, operands, { count, ...params }, groups);
}

/** `run` for the kernels of lib/channels, for so many pixels of c channels. */
export function runChannels(
  op: string,
  name: string,
  flags: Flags,
  operands: Readonly<Record<string, Operand>>,
  params: Params,
  { pixels, c }: { readonly pixels: number; readonly c: number },
): void {
  const EACH = eachOf(operands);
  const groups = Math.ceil((pixels * Math.ceil(c / EACH)) / WG);
  run(op, name, { WG, EACH, ...flags }, operands, { pixels, c, ...params }, groups);
}

/** Items that an invocation does. */
function eachOf(operands: Readonly<Record<string, Operand>>): number {
  const { info } = deviceOf(Object.values(operands)[0]!);
  return info.class === 'software' ? SOFTWARE_EACH : 1;
}

function foreign(op: string, operand: Operand): FoveaError {
  return new FoveaError(
    'DEVICE_LOST',
    `${op}: its tensors belong to different GPUs, one of them ${tensorOf(operand).toString()}`,
    { hint: 'Tensors made before shutdown() cannot be used after it.' },
  );
}

/** The GPU that an operand is on. */
export function deviceOf(operand: Operand): Device {
  return tensorOf(operand).device;
}

/** The names of those that are float16. */
export function halvesOf(operands: Readonly<Record<string, Operand>>): string[] {
  return Object.keys(operands).filter((name) => isHalf(operands[name]!));
}

/** Whether the elements of an operand are float16. */
export function isHalf(operand: Operand): boolean {
  return tensorOf(operand).dtype === 'float16';
}

function tensorOf(operand: Operand): Tensor {
  return 'tensor' in operand ? operand.tensor : operand;
}

function describe([name, operand]: [string, Operand]): string {
  return `${name}${formatShape(tensorOf(operand).shape)}`;
}

function bindingOf(op: string, operand: Operand): Binding {
  const tensor = tensorOf(operand);
  const { storage } = tensor;
  const binding =
    'tensor' in operand
      ? {
          storage,
          offset: byteLength(tensor.dtype, operand.start),
          bytes: bufferBytes(tensor.dtype, operand.count),
        }
      : { storage, offset: 0, bytes: storage.bytes };
  const limit = tensor.device.bindingLimit;
  if (binding.bytes > limit) {
    throw new FoveaError(
      'LIMIT',
      `${op}: a tensor ${formatShape(tensor.shape)} of ${binding.bytes} bytes is larger than the ` +
        `${limit} bytes that a kernel can see at once on this adapter`,
      { hint: 'Use a smaller batch or image, or another adapter (see "fovea doctor").' },
    );
  }
  return binding;
}

/** What parts of tensors keep to. */
export interface Bounds {
  /** Bytes of a binding at most. */
  readonly limit: number;
  /** A binding begins at a multiple of 256 bytes: of so many elements. */
  readonly align: number;
}

/** What parts of some tensors of one device keep to. */
export function boundsOf(...tensors: readonly Pick<Tensor, 'device' | 'dtype'>[]): Bounds {
  const hasHalves = tensors.some(({ dtype }) => dtype === 'float16');
  return { limit: tensors[0]!.device.bindingLimit, align: hasHalves ? 128 : 64 };
}

/** One window of rows that fits under the binding limit. */
export interface Window {
  readonly start: number;
  readonly rows: number;
}

/**
 * Cuts `rows` rows into windows, so that in each tensor that has `rowSizes` elements a row, a
 * window fits under the binding limit and begins at an allowed offset. One window when all fits.
 *
 * @param multiple a power of two; where rows are rounded up to it, they still fit
 */
export function windows(
  op: string,
  rows: number,
  rowSizes: readonly number[],
  { limit, align }: Bounds,
  multiple = 1,
): Window[] {
  const largest = Math.max(...rowSizes) * 4;
  if (Math.ceil(rows / multiple) * multiple * largest <= limit) return [{ start: 0, rows }];
  const step = Math.max(multiple, ...rowSizes.map((size) => align / gcd(size, align)));
  const fit = Math.floor(limit / largest / step) * step;
  if (fit <= 0) {
    throw new FoveaError(
      'LIMIT',
      `${op}: ${step} rows of ${largest} bytes are more than the ${limit} bytes that a kernel can ` +
        'see at once on this adapter',
      { hint: 'Use smaller images, or another adapter (see "fovea doctor").' },
    );
  }
  const list: Window[] = [];
  for (let start = 0; start < rows; start += fit) {
    list.push({ start, rows: Math.min(fit, rows - start) });
  }
  return list;
}

/** The part of a tensor that belongs to a window of its rows. */
export function part(tensor: Tensor, rowSize: number, { start, rows }: Window): Part {
  return { tensor, start: start * rowSize, count: rows * rowSize };
}
