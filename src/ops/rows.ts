import { FoveaError } from '../errors.js';
import type { Device } from '../gpu/device.js';
import { formatShape, sizeOf } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { boundsOf, deviceOf, part, run, windows, type Operand } from './run.js';

/** Invocations of a workgroup, and those that share a row of very many elements on a GPU. */
const [WG, WIDE] = [64, 256];
/** Elements (or vec4s) of a row from which on they share it. */
const SHARED_FROM = 32;
/** Rows below which a software adapter has small workgroups, for all of its threads to have some. */
const FEW_ROWS = 1024;

/** A tensor seen as rows along its last axis. */
export interface Rows {
  readonly rows: number;
  readonly c: number;
  /** The shape without the last axis. */
  readonly leading: readonly number[];
}

/** Splits a shape into rows. Throws for a scalar, and for rows without an element. */
export function rowsOf(op: string, name: string, { shape }: Tensor): Rows {
  const c = shape.at(-1) ?? 0;
  if (c === 0) {
    throw new FoveaError(
      'SHAPE',
      `${op}: ${name} needs a last axis of at least one element, got shape ${formatShape(shape)}`,
    );
  }
  const leading = shape.slice(0, -1);
  return { rows: sizeOf(leading), c, leading };
}

/** What a kernel over rows works on, and how. */
export interface RowKernel {
  readonly op: string;
  readonly name: string;
  readonly flags: Readonly<Record<string, boolean>>;
  /** Tensors of [rows, c]. */
  readonly wide: Readonly<Record<string, Tensor>>;
  /** Tensors of [rows]. */
  readonly narrow?: Readonly<Record<string, Tensor>>;
  /** Tensors of [c], which every row sees. */
  readonly channels?: Readonly<Record<string, Tensor>>;
  readonly params?: Readonly<Record<string, number>>;
  /** Whether there is an invocation per vec4 or number, and not per row. */
  readonly perElement?: boolean;
}

/** Runs a kernel over rows, in windows, on vec4s where rows are a multiple of 4 long. */
export function runRows({ rows, c }: Rows, kernel: RowKernel): void {
  const { op, name, wide, narrow = {}, channels = {}, params = {}, perElement = false } = kernel;
  const vec = c % 4 === 0 ? 4 : 1;
  const tensors = Object.values(wide);
  const how = perElement ? { WG, SHARED: false } : sharing(deviceOf(tensors[0]!), rows, c / vec);
  const flags = { ...how, T: vec === 4 ? 'vec4f' : 'f32', VEC: vec === 4, ...kernel.flags };
  const bounds = boundsOf(...tensors);
  for (const window of windows(op, rows, [c, 1], bounds)) {
    const operands = Object.fromEntries<Operand>([
      ...Object.entries(channels),
      ...Object.entries(wide).map(([key, t]) => [key, part(t, c, window)] as const),
      ...Object.entries(narrow).map(([key, t]) => [key, part(t, 1, window)] as const),
    ]);
    const shape = { rows: window.rows, c: c / vec, ...params };
    const invocations = perElement ? (window.rows * c) / vec : window.rows;
    run(op, name, flags, operands, shape, groupsOf(how, invocations));
  }
}

/** How lib/rows shares out rows. */
export interface Sharing extends Record<string, number | boolean> {
  readonly WG: number;
  readonly SHARED: boolean;
}

/** The flags of lib/rows for rows of `length` elements, or vec4s. */
export function sharing({ info }: Device, rows: number, length: number): Sharing {
  if (info.class === 'software') return { WG: rows < FEW_ROWS ? 8 : WG, SHARED: false };
  return { WG: length < WIDE * 4 ? WG : WIDE, SHARED: length >= SHARED_FROM };
}

/** Workgroups for so many rows. */
export function groupsOf({ WG, SHARED }: Sharing, rows: number): number {
  return SHARED ? rows : Math.ceil(rows / WG);
}
